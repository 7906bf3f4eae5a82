//! What apk mirrors offer: versions, dependencies, indexes, packages.

use std::cmp::Ordering;
use std::sync::LazyLock;

use rootfs_builder::digest::Digest;
use rootfs_builder::family::apk::archive::{self, Limits};
use rootfs_builder::family::apk::dependency::Dependency;
use rootfs_builder::family::apk::index::{Index, Universe, open_index, open_unverified_index};
use rootfs_builder::family::apk::pkginfo::PkgInfo;
use rootfs_builder::family::apk::signature::Keys;
use rootfs_builder::family::apk::version;
use rootfs_builder::store::{BlobId, Shelf, Store};
use test_support::apk::{Apk, Key, Package, Repository, SignatureKind, index_text};

use super::packages::{PLAIN_LIMIT_BYTES, in_memory};
use crate::Target;

pub(crate) const ALL: &[Target] = &[
    Target { name: "apk-version", run: compare_versions, seeds: versions },
    Target { name: "apk-dependency", run: read_words, seeds: words },
    Target { name: "apk-index", run: read_index, seeds: texts },
    Target { name: "apk-signed-index", run: open_signed, seeds: signed_indexes },
    Target { name: "apk-unsigned-index", run: open_unsigned, seeds: signed_indexes },
    Target { name: "apk-key", run: |data| keys("key", data).is_some(), seeds: pems },
    Target { name: "apk-info", run: |data| PkgInfo::parse(data).is_ok(), seeds: infos },
    Target { name: "apk-package", run: open_package, seeds: packages },
];

static KEY: LazyLock<Key> = LazyLock::new(|| Key::new("builder@example.org-1"));
static KEYS: LazyLock<Keys> =
    LazyLock::new(|| keys(&KEY.file_name(), KEY.public_pem().as_bytes()).unwrap());
static REPOSITORY: LazyLock<Repository> = LazyLock::new(|| {
    Repository::new("main", &KEY).package(&package("hello")).package(&package("other"))
});

fn keys(name: &str, pem: &[u8]) -> Option<Keys> {
    Keys::new(&[distros::Key { name: name.into(), bytes: pem.into() }]).ok()
}

fn package(name: &str) -> Package {
    Package::new(name, "1.0_rc1-r0")
        .arch("x86_64")
        .depends("so:libc.so>=1.2 !conflict<3 any")
        .provides("cmd:hello=1.0-r0 greeting")
        .provider_priority(10)
        .install_if("base=1 docs")
        .file("usr/bin/hello", "#!/bin/sh\n", 0o755)
        .hard_link("usr/bin/hallo", "usr/bin/hello")
        .symlink("usr/bin/hi", "hello")
        .device("dev/null", 1, 3)
        .script("post-install", "#!/bin/sh\n")
}

/// Any text has a place in the order, and the order is one.
fn compare_versions(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    let versions: Vec<&str> = text.splitn(3, ' ').collect();
    let [a, b, c] = versions[..] else { return false };
    assert_eq!(version::compare(a, b), version::compare(b, a).reverse());
    assert_eq!(version::compare(a, a), Ordering::Equal);
    if version::compare(a, b).is_le() && version::compare(b, c).is_le() {
        assert!(version::compare(a, c).is_le(), "the order is no order");
    }
    if version::is_valid(a) {
        assert!(version::matches_prefix(a, a));
    }
    version::is_valid(a) && version::is_valid(b) && version::is_valid(c)
}

fn versions() -> Vec<Vec<u8>> {
    ["1.2_rc1-r1 1.2 1.2a_p10~00ff-r10", "1.02.3 1.002.3 01", "0_alpha_pre1 0 0-r0"]
        .map(|text| text.as_bytes().to_vec())
        .into()
}

/// What is read is written as something that is read as the same.
fn read_words(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else { return false };
    text.split(' ').all(|word| {
        let Ok(dependency) = Dependency::parse(word) else { return false };
        assert_eq!(Dependency::parse(&dependency.to_string()), Ok(dependency));
        dependency.accepts(Some("1.2-r3")) | dependency.accepts(None) | true
    })
}

fn words() -> Vec<Vec<u8>> {
    [
        "busybox !mdev so:libc.so.1=1.2-r0 cmd:[ pc:x++>=2 a<1 b<=2 c>3 d~4 e<~5 f>~6 g=~7",
        "a@edge b@testing>=1 c><Q12jmj7l5rSw0yVb/vlWAYkK/YBwk=",
    ]
    .map(|text| text.as_bytes().to_vec())
    .into()
}

fn read_index(data: &[u8]) -> bool {
    let index = Index { label: "fuzz".into(), tag: None, bytes: data.to_vec() };
    let Ok(universe) = Universe::read("x86_64", vec![index]) else { return false };
    for id in universe.ids() {
        let package = universe.package(id);
        assert!(universe.named(package.name()).any(|other| other == id));
        assert!(!package.file_name().contains('/'));
        package.depends().expect("others are passed over");
        package.install_if().expect("others are none");
        for provided in package.provides().expect("others are passed over") {
            let mut providers = universe.providers(provided.name);
            assert!(
                provided.bound.is_some()
                    || providers.any(|(other, _)| other == id)
                    || provided.tag.is_some()
                    || provided.is_conflict
            );
        }
        drop((package.replaces(), package.origin(), package.build_time(), package.arch()));
    }
    !universe.is_empty()
}

fn texts() -> Vec<Vec<u8>> {
    let built = [package("hello").build(), package("other").build()];
    vec![index_text("x86_64", &built).into_bytes()]
}

/// Whatever is accepted must be what was signed, and nothing more.
fn open_signed(data: &[u8]) -> bool {
    let Ok(index) = open_index(data, &KEYS, PLAIN_LIMIT_BYTES) else { return false };
    let good = open_unverified_index(&REPOSITORY.index("x86_64"), PLAIN_LIMIT_BYTES).unwrap();
    assert!(index.text == good.text, "a changed index was accepted");
    true
}

fn open_unsigned(data: &[u8]) -> bool {
    open_unverified_index(data, PLAIN_LIMIT_BYTES).is_ok()
}

fn signed_indexes() -> Vec<Vec<u8>> {
    [SignatureKind::Rsa, SignatureKind::Rsa256]
        .map(|kind| REPOSITORY.clone().signed_by(&[(&KEY, kind)]).index("x86_64"))
        .into()
}

fn pems() -> Vec<Vec<u8>> {
    vec![KEY.public_pem().into_bytes()]
}

fn infos() -> Vec<Vec<u8>> {
    let text = "# comment\npkgname = hello\npkgver = 1.0-r0\narch = x86_64\ndepend = other>1\n";
    vec![format!("{text}datahash = {}\n", Digest::of("")).into_bytes()]
}

/// Both ways of looking at a package agree on what it is.
fn open_package(data: &[u8]) -> bool {
    let directory = in_memory();
    let file = directory.path().join("package.apk");
    std::fs::write(&file, data).unwrap();
    let inspected = archive::inspect(&file);
    let store = Store::open(directory.path().join("store")).unwrap();
    let id = BlobId { size: data.len() as u64, sha256: Digest::of(data) };
    store.insert(Shelf::Blobs, id, &mut { data }).unwrap();
    let limits = Limits { control_bytes: PLAIN_LIMIT_BYTES, data_bytes: PLAIN_LIMIT_BYTES };
    let is_opened = archive::open_package(&store, id, limits).is_ok();
    assert!(!is_opened || inspected.is_ok_and(|inspected| inspected.sha256 == id.sha256));
    is_opened
}

fn packages() -> Vec<Vec<u8>> {
    let signed = package("hello").signed_by(&KEY, SignatureKind::Rsa).build();
    let unsigned = Apk { signature: Vec::new(), ..signed.clone() };
    vec![signed.bytes(), unsigned.bytes()]
}
