//! What an archive says about itself: signatures, release files, indexes, relations, versions.

use std::cmp::Ordering;
use std::sync::LazyLock;

use rootfs_builder::family::deb::index::{Index, Universe};
use rootfs_builder::family::deb::release::Release;
use rootfs_builder::family::deb::{relation, version};
use rootfs_builder::trust::Keyring;
use test_support::{Package, SigningKey, SubkeyState, Suite};

use crate::Target;

pub(crate) const ALL: &[Target] = &[
    Target { name: "keyring", run: |data| Keyring::from_bytes(data).is_ok(), seeds: keyrings },
    Target { name: "inrelease", run: verify_inline, seeds: || published("InRelease") },
    Target { name: "signature", run: verify_detached, seeds: || published("Release.gpg") },
    Target { name: "release", run: read_release, seeds: || published("Release") },
    Target { name: "index", run: read_index, seeds: || published("main/binary-amd64/Packages") },
    Target { name: "relation", run: |data| relation::parse(data).is_ok(), seeds: relations },
    Target { name: "version", run: compare_versions, seeds: versions },
];

/// When signatures are judged: 2025-06-01.
const NOW: i64 = 1_748_736_000;

static KEY: LazyLock<SigningKey> = LazyLock::new(|| SigningKey::new("archive"));
static KEYRING: LazyLock<Keyring> =
    LazyLock::new(|| Keyring::from_bytes(KEY.public_armored().as_bytes()).unwrap());
static RELEASE: LazyLock<Vec<u8>> = LazyLock::new(|| published("Release").remove(0));

fn published(name: &str) -> Vec<Vec<u8>> {
    let package =
        |name: &str| Package::new(name, "1:1.0-1").depends("other (>= 2) | more:any, last");
    let suite = Suite::new("one", &KEY)
        .valid_until(NOW + 1)
        .package(&package("hello").provides("greeting (= 1)").field("Essential", "yes"))
        .package(&package("other").field("Multi-Arch", "same").field("Priority", "required"));
    vec![suite.publish().get(&format!("dists/one/{name}")).unwrap().to_vec()]
}

fn keyrings() -> Vec<Vec<u8>> {
    let good = KEY.public_armored();
    let rich = KEY.clone().subkey(SubkeyState::Revoked).expired().revoked();
    let both = good.clone() + &rich.public_armored();
    vec![good.into(), both.into(), rich.public_binary()]
}

/// Whatever is accepted must be what was signed, and nothing more.
fn verify_inline(data: &[u8]) -> bool {
    let Ok(verified) = KEYRING.verify_inline(data, NOW) else { return false };
    let signed = RELEASE.strip_suffix(b"\n").unwrap_or(&RELEASE);
    let text = verified.text.strip_suffix(b"\n").unwrap_or(&verified.text);
    assert!(trimmed(text) == trimmed(signed), "a changed text was accepted");
    true
}

/// Signatures of text do not cover the blanks at the ends of lines, nor what ends a line.
fn trimmed(text: &[u8]) -> Vec<&[u8]> {
    text.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii_end).collect()
}

fn verify_detached(data: &[u8]) -> bool {
    KEYRING.verify_detached(&RELEASE, data, NOW).is_ok()
}

fn read_release(data: &[u8]) -> bool {
    let Ok(release) = Release::parse(data) else { return false };
    drop((release.check_suite("one"), release.check_time(NOW), release.flat_index()));
    release.packages_indexes("main", "amd64").is_ok_and(|indexes| !indexes.is_empty())
}

fn read_index(data: &[u8]) -> bool {
    let index = Index { label: "fuzz".into(), pin: Index::PIN_DEFAULT, bytes: data.to_vec() };
    let Ok(universe) = Universe::read("amd64", &["i386"], vec![index]) else { return false };
    for id in universe.candidates() {
        let package = universe.package(id);
        drop((package.relations("Depends"), package.relations("Provides"), package.full_name()));
        assert!(universe.named(package.name()).any(|other| other == id));
    }
    !universe.is_empty()
}

fn relations() -> Vec<Vec<u8>> {
    vec![
        b"libc6 (>= 2.36), debconf (>= 0.5) | debconf-2.0, perl:any, python3:native (<< 4)"
            .to_vec(),
        b"a [amd64 !i386] <!nocheck>, b (= 1:2~rc1-1+b2)".to_vec(),
    ]
}

/// Any bytes have an order, and the order is one.
fn compare_versions(data: &[u8]) -> bool {
    let versions: Vec<&[u8]> = data.splitn(3, |byte| *byte == b' ').collect();
    let [a, b, c] = versions[..] else { return false };
    assert_eq!(version::compare(a, b), version::compare(b, a).reverse());
    assert_eq!(version::compare(a, a), Ordering::Equal);
    if version::compare(a, b).is_le() && version::compare(b, c).is_le() {
        assert!(version::compare(a, c).is_le(), "the order is no order");
    }
    true
}

fn versions() -> Vec<Vec<u8>> {
    ["1:1.0~rc1-1+b1 1.0 0:1.0", "1.2-3-4 1.2-3.4 1.2+really1.1-1", "00 0 ", "a~ a a1"]
        .map(|text| text.as_bytes().to_vec())
        .into()
}
