//! Downloaded indexes: who signed them, and what is in them.

use std::sync::LazyLock;

use test_support::apk::{Key, Package, Repository, SignatureKind};
use test_support::{Compression, Entry, tar};

use crate::decompress::DecompressError;
use crate::family::apk::index::{
    OpenIndexError, Universe, VerifiedIndex, open_index, open_unverified_index,
};
use crate::family::apk::listing::ListingError;
use crate::family::apk::signature::{Keys, SignatureError};

static KEY: LazyLock<Key> = LazyLock::new(|| Key::new("repository@example.org-1"));
const LIMIT: u64 = 1 << 20;

fn keys() -> Keys {
    let key = distros::Key { name: KEY.file_name(), bytes: KEY.public_pem().into() };
    Keys::new(&[key]).unwrap()
}

fn repository() -> Repository {
    let package = |name: &str| Package::new(name, "1.0-r0").depends("other>1").provides("cmd:a=1");
    Repository::new("main", &KEY).package(&package("hello")).package(&package("other"))
}

fn open(bytes: &[u8]) -> Result<VerifiedIndex, OpenIndexError> {
    open_index(bytes, &keys(), LIMIT)
}

/// An index of these files with a good signature.
fn signed(entries: &[Entry]) -> Vec<u8> {
    repository().index_member(Compression::Gz.compress(&tar(entries))).index("x86_64")
}

fn file(name: &str, text: &str) -> Entry {
    Entry::file(name, text, 0o644)
}

#[test]
fn a_signed_index_is_opened() {
    for kind in [SignatureKind::Rsa, SignatureKind::Rsa256, SignatureKind::Rsa512] {
        let bytes = repository().signed_by(&[(&KEY, kind)]).index("x86_64");
        let index = open(&bytes).unwrap();
        assert_eq!(index.signed_by.as_deref(), Some(&*KEY.file_name()));
        assert_eq!(index.description, "v20240101-made-by-a-test");
        let index = super::Index { label: "main".into(), tag: None, bytes: index.text };
        let universe = Universe::read("x86_64", vec![index]).unwrap();
        assert_eq!(super::names(&universe), ["hello", "other"]);
    }
}

#[test]
fn an_unsigned_index_is_refused_unless_nobody_asks() {
    let bytes = repository().unsigned_index("x86_64");
    let refused = open(&bytes);
    assert!(matches!(refused, Err(OpenIndexError::Signature(SignatureError::Absent))));
    let index = open_unverified_index(&bytes, LIMIT).unwrap();
    assert_eq!(index.signed_by, None);
    let signed = open_unverified_index(&repository().index("x86_64"), LIMIT).unwrap();
    assert_eq!(signed, index);
}

#[test]
fn an_index_by_another_key_is_refused() {
    let stranger = Key::new("stranger");
    let bytes = repository().signed_by(&[(&stranger, SignatureKind::Rsa)]).index("x86_64");
    let refused = open(&bytes).unwrap_err();
    assert!(matches!(refused, OpenIndexError::Signature(SignatureError::UnknownKey { .. })));
    let impostor = KEY.impostor();
    let bytes = repository().signed_by(&[(&impostor, SignatureKind::Rsa256)]).index("x86_64");
    let refused = open(&bytes).unwrap_err();
    assert!(matches!(refused, OpenIndexError::Signature(SignatureError::Wrong { .. })));
}

#[test]
fn any_changed_byte_behind_the_signature_is_refused_before_it_is_parsed() {
    let good = repository().index("x86_64");
    let signature = good.len() - repository().unsigned_index("x86_64").len();
    for place in (signature..good.len()).step_by(7).chain([good.len() - 1]) {
        let mut bytes = good.clone();
        bytes[place] ^= 0x10;
        let refused = open(&bytes);
        let is_wrong =
            matches!(refused, Err(OpenIndexError::Signature(SignatureError::Wrong { .. })));
        assert!(is_wrong, "{place}: {refused:?}");
    }
    for bytes in
        [[&good[..], b"\0"].concat(), good[..good.len() - 1].to_vec(), good[..signature].to_vec()]
    {
        let refused = open(&bytes);
        let is_wrong =
            matches!(refused, Err(OpenIndexError::Signature(SignatureError::Wrong { .. })));
        assert!(is_wrong, "{refused:?}");
    }
}

#[test]
fn members_in_another_order_are_refused() {
    let good = repository().index("x86_64");
    let index = repository().unsigned_index("x86_64");
    let signature = &good[..good.len() - index.len()];
    for bytes in [
        [&index, signature].concat(),
        [signature, signature, &index].concat(),
        [&index[..], &index].concat(),
    ] {
        assert!(matches!(open(&bytes), Err(OpenIndexError::Signature(_))));
    }
}

#[test]
fn what_is_signed_must_be_an_index() {
    let refused = open(&signed(&[file("DESCRIPTION", "none")]));
    assert!(matches!(refused, Err(OpenIndexError::Absent)), "{refused:?}");
    for entry in [file(".PKGINFO", ""), file(".SIGN.RSA.a", "")] {
        let refused = open(&signed(&[entry, file("APKINDEX", "")]));
        let is_refused =
            matches!(refused, Err(OpenIndexError::Listing(ListingError::Unexpected { .. })));
        assert!(is_refused, "{refused:?}");
    }
    let refused = open(&signed(&[file("APKINDEX", "P:a\n"), file("APKINDEX", "P:b\n")]));
    assert!(matches!(refused, Err(OpenIndexError::Listing(ListingError::Repeated { .. }))));
    let refused = open(&signed(&[Entry::symlink("APKINDEX", "/etc/passwd")]));
    assert!(matches!(refused, Err(OpenIndexError::Listing(ListingError::Kind { .. }))));
    let index = open(&signed(&[file("APKINDEX", "P:a\n"), file("other", "x")])).unwrap();
    assert_eq!(index.text, b"P:a\n");
}

#[test]
fn a_lie_about_size_reaches_no_other_file() {
    for size in [1 << 32, 1537, u64::from(u32::MAX)] {
        let refused = open(&signed(&[file("APKINDEX", "P:a\n").claiming_size(size)]));
        assert!(
            matches!(refused, Err(OpenIndexError::Listing(ListingError::Tar(_)))),
            "{size} {refused:?}"
        );
    }
    let refused = open(&signed(&[file("APKINDEX", &"P:a\n".repeat(1000)).claiming_size(4)]));
    assert!(matches!(refused, Err(OpenIndexError::Listing(ListingError::Tar(_)))), "{refused:?}");
}

#[test]
fn an_index_bomb_ends_at_the_limit() {
    let bomb = signed(&[Entry::file("APKINDEX", vec![b'\n'; 8 << 20], 0o644)]);
    assert!(bomb.len() < 100_000);
    let refused = open(&bomb);
    let is_refused = matches!(
        refused,
        Err(OpenIndexError::Decompress(DecompressError::TooLarge { limit: LIMIT }))
    );
    assert!(is_refused, "{refused:?}");
    // Before there is a signature, far less is decompressed.
    let bomb = Compression::Gz.compress(&vec![0; 64 << 20]);
    let refused = open(&bomb);
    assert!(
        matches!(refused, Err(OpenIndexError::Signature(SignatureError::Absent))),
        "{refused:?}"
    );
}

#[test]
fn garbage_is_refused() {
    for bytes in [&b""[..], b"\x1f\x8b", b"\x1f\x8b\x08\0", b"<html>", &[0; 1000]] {
        assert!(matches!(open(bytes), Err(OpenIndexError::Decompress(_))), "{bytes:?}");
    }
    let text = Compression::Gz.compress(b"C:Q1\n");
    assert!(open(&text).is_err());
}

#[test]
fn an_index_of_version_3_is_refused_by_name() {
    for magic in ["ADB.", "ADBd", "ADBc"] {
        let refused = open(format!("{magic}xxxxxxxx").as_bytes());
        assert!(matches!(refused, Err(OpenIndexError::Version3)), "{magic}");
    }
}
