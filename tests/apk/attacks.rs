//! Attacks by whoever serves indexes and packages, and by packages themselves.

use std::io::{Read, repeat};

use test_support::apk::{Key, Package, Repository, SignatureKind};
use test_support::{Archive, Compression, Entry, Fault};

use super::made::{COMMUNITY, MAIN, Target, key, main, mirror, stub, with};

const PACKAGE: &str = "alpine/v3.22/main/x86_64/busybox-1.0-r0.apk";
const INDEX: &str = "alpine/v3.22/main/x86_64/APKINDEX.tar.gz";

/// A mirror ends the build with exit code 3 and these words, and leaves nothing.
#[track_caller]
fn refused(archive: Archive, said: &str) {
    let target = Target::new(archive);
    target.refuses(&[], 3, said);
    target.recovers();
}

/// The usual mirror with other bytes in the place of one file.
fn instead(path: &str, change: impl FnOnce(Vec<u8>) -> Vec<u8>) -> Archive {
    let mut archive = mirror(&[]);
    archive.tamper(path, |bytes| *bytes = change(std::mem::take(bytes)));
    archive
}

/// The busybox of the usual mirror before it is put together, signed or not: nobody asks.
fn busybox() -> test_support::apk::Apk {
    stub("busybox").signed_by(&key(), SignatureKind::Rsa).build()
}

#[test]
fn an_index_without_a_signature_is_refused() {
    refused(with(&main().signed_by(&[])), "sign");
}

#[test]
fn an_index_signed_by_a_stranger_is_refused() {
    let stranger = Key::new("stranger@example.org-1");
    refused(with(&main().signed_by(&[(&stranger, SignatureKind::Rsa)])), "key");
    // A signature that counts may stand after one that does not.
    let both = [(&stranger, SignatureKind::Rsa), (&key(), SignatureKind::Rsa256)];
    Target::new(with(&main().signed_by(&both))).build(&[]).succeeds();
}

#[test]
fn an_index_signed_in_the_name_of_another_key_is_refused() {
    for kind in [SignatureKind::Rsa, SignatureKind::Rsa256] {
        refused(with(&main().signed_by(&[(&key().impostor(), kind)])), "signature");
    }
}

#[test]
fn an_index_whose_signature_is_of_another_kind_than_it_says_is_refused() {
    let unsigned = main().unsigned_index("x86_64");
    let signature = key().sign(SignatureKind::Rsa, &unsigned);
    let name = format!(".SIGN.RSA256.{}", key().file_name());
    let lie = gzip(&[Entry::file(&name, signature, 0o644)]);
    refused(instead(INDEX, |_| [lie, unsigned].concat()), "signature");
}

/// A gzip member that continues nothing and ends nothing.
fn gzip(entries: &[Entry]) -> Vec<u8> {
    let whole = test_support::tar(entries);
    Compression::Gz.compress(&whole[..whole.len() - 1024])
}

#[test]
fn an_index_changed_after_it_was_signed_is_refused() {
    refused(
        instead(INDEX, |mut bytes| {
            let place = bytes.len() - 20;
            bytes[place] ^= 1;
            bytes
        }),
        "",
    );
    let other = with(&main().package(&stub("more"))).get(INDEX).unwrap().to_vec();
    let unsigned = main().package(&stub("more")).unsigned_index("x86_64");
    let signature = instead_signature(&other, &unsigned);
    let old = main().unsigned_index("x86_64");
    refused(instead(INDEX, |_| [signature, old].concat()), "signature");
}

/// The part of a signed index before what is signed.
fn instead_signature(signed: &[u8], unsigned: &[u8]) -> Vec<u8> {
    signed[..signed.len() - unsigned.len()].to_vec()
}

#[test]
fn an_index_with_more_after_what_is_signed_is_refused() {
    let more = gzip(&[Entry::file("APKINDEX", "P:evil\n", 0o644)]);
    refused(instead(INDEX, |bytes| [bytes, more].concat()), "");
    refused(instead(INDEX, |bytes| [bytes, vec![0; 512]].concat()), "");
}

#[test]
fn an_index_before_the_signature_is_refused() {
    let evil = gzip(&[Entry::file("APKINDEX", "P:evil\n", 0o644)]);
    refused(instead(INDEX, |bytes| [evil, bytes].concat()), "");
}

#[test]
fn a_missing_index_is_refused() {
    let mut archive = mirror(&[]);
    archive.remove(INDEX);
    refused(archive, "APKINDEX");
}

#[test]
fn an_index_that_lies_about_a_package_is_refused() {
    let says = |from: &str, to: &str| {
        let (from, to) = (from.to_owned(), to.to_owned());
        with(&main().index_says(move |text| text.replacen(&from, &to, 1)))
    };
    for (from, to) in [("C:Q1", "C:Q1AAAA"), ("V:1.0-r0", "V:2.0-r0"), ("P:busybox", "P:../box")] {
        refused(says(from, to), "");
    }
}

#[test]
fn an_index_bomb_is_refused() {
    let size = 16u64 << 30;
    let header = Entry::file("APKINDEX", "", 0o644).claiming_size(size);
    let start = gzip(&[header]);
    let piece = Compression::Gz.compress_from(repeat(b'P').take(256 << 20));
    let bytes = [start, piece.repeat(64)].concat();
    refused(with(&main().index_member(bytes)), "");
}

#[test]
fn another_package_in_the_place_of_one_is_refused() {
    let other = mirror(&[]).get(&PACKAGE.replace("busybox", "apk-tools")).unwrap().to_vec();
    refused(instead(PACKAGE, |_| other), "busybox");
    // The same name and version, honestly signed by the same key.
    let twin = Package::new("busybox", "1.0-r0").file("usr/share/evil", "evil", 0o755);
    let twin = twin.signed_by(&key(), SignatureKind::Rsa).build();
    refused(instead(PACKAGE, |_| twin.bytes()), "busybox");
}

#[test]
fn files_that_belong_to_another_control_member_are_refused() {
    let evil = Package::new("busybox", "1.0-r0").file("usr/share/evil", "evil", 0o755).build();
    refused(instead(PACKAGE, |_| busybox().with_data(evil.data).bytes()), "busybox");
}

#[test]
fn a_control_member_of_another_package_is_refused() {
    let mut other = stub("busybox").depends("apk-tools").build();
    other.data = busybox().data;
    refused(instead(PACKAGE, |_| other.bytes()), "busybox");
}

#[test]
fn a_package_cut_short_or_with_more_behind_it_is_refused() {
    refused(instead(PACKAGE, |bytes| bytes[..bytes.len() - 9].to_vec()), "busybox");
    let [control, whole] = [busybox().control, busybox().bytes()];
    refused(instead(PACKAGE, |_| control), "busybox");
    refused(instead(PACKAGE, |_| [whole, vec![0; 100]].concat()), "busybox");
}

#[test]
fn bits_turned_anywhere_in_a_package_are_refused() {
    let apk = busybox();
    let (signature, control) = (apk.signature.len(), apk.control.len());
    for place in [signature + 15, signature + control / 2, signature + control + 15] {
        let turn = |mut bytes: Vec<u8>| {
            bytes[place] ^= 4;
            bytes
        };
        refused(instead(PACKAGE, turn), "busybox");
    }
}

#[test]
fn a_mirror_that_fails_in_the_middle_is_given_up() {
    let faults = [Fault::Status(404), Fault::WrongBytes, Fault::ShortBody, Fault::Endless];
    for (path, fault) in faults.iter().flat_map(|fault| [(PACKAGE, fault), (INDEX, fault)]) {
        let target = Target::new(mirror(&[]));
        target.server.fault(path, fault.clone());
        target.refuses(&[], 3, "");
        target.recovers();
    }
}

#[test]
fn wrong_digests_of_files_are_refused() {
    let wrong = stub("liar").record("APK-TOOLS.checksum.SHA1", &[b'0'; 40]);
    Target::new(mirror(&[wrong])).refuses(&["liar"], 3, "liar");
}

#[test]
fn packages_write_nothing_outside_the_tree() {
    let target = Target::new(mirror(&[]));
    let victim = target.path("victim");
    std::fs::create_dir(&victim).unwrap();
    let evil = |name: &str| Package::new(name, "1.0-r0");
    let packages = [
        evil("parent").raw_entry(Entry::file("../../escaped", "out", 0o644)),
        evil("absolute").raw_entry(Entry::file(&format!("{victim}/escaped"), "out", 0o644)),
        evil("through").raw_entry(Entry::symlink("link", &victim)).raw_entry(Entry::file(
            "link/escaped",
            "out",
            0o644,
        )),
        evil("hard").raw_entry(Entry::hard_link("stolen", "/etc/passwd")),
        evil("short").raw_entry(Entry::file("short", "few", 0o644).claiming_size(1 << 40)),
    ];
    target.server.replace(mirror(&packages));
    for name in ["parent", "absolute", "through", "hard", "short"] {
        let outcome = target.build(&[name]).within(256 << 20);
        assert!(matches!(outcome.code, Some(0 | 3)), "{name}: {outcome}");
        assert_eq!(std::fs::read_dir(&victim).unwrap().count(), 0, "{name}");
        if outcome.code == Some(0) {
            let stolen = test_support::tar_file(&target.artifact(), "stolen");
            assert_eq!(stolen, None, "{name}");
            std::fs::remove_file(target.path("out.tar")).unwrap();
        }
    }
}

#[test]
fn a_bomb_in_a_package_is_refused() {
    let apk = busybox();
    let header = gzip(&[Entry::file("usr/bomb", "", 0o644).claiming_size(1 << 45)]);
    let piece = Compression::Gz.compress_from(repeat(0).take(256 << 20));
    let data = [header, piece.repeat(64)].concat();
    let info = format!("pkgname = busybox\npkgver = 1.0-r0\ndatahash = {}\n", sha(&data));
    let control = gzip(&[Entry::file(".PKGINFO", info, 0o644)]);
    let bomb = test_support::apk::Apk { control, data, ..apk };
    let names = ["alpine-baselayout", "alpine-keys", "alpine-release", "apk-tools", "libc-utils"];
    let stubs: Vec<_> = names.iter().map(|name| stub(name)).collect();
    let main = Repository::new(MAIN, &key()).packages(&stubs).built(None, bomb).publish();
    let community = Repository::new(COMMUNITY, &key()).publish();
    Target::new(Archive::of([main, community])).refuses(&[], 3, "busybox");
}

fn sha(bytes: &[u8]) -> String {
    test_support::sha256(bytes)
}
