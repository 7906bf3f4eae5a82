//! Signatures of every kind, good and wrong.

use std::sync::LazyLock;

use test_support::apk::{Key, SignatureKind};
use test_support::{Entry, tar};

use super::*;

static ALICE: LazyLock<Key> = LazyLock::new(|| Key::new("alice@example.org-5261cecb"));
static BOB: LazyLock<Key> = LazyLock::new(|| Key::new("bob@example.org-1"));
const KINDS: [SignatureKind; 3] =
    [SignatureKind::Rsa, SignatureKind::Rsa256, SignatureKind::Rsa512];

fn public(name: &str, pem: impl Into<Vec<u8>>) -> distros::Key {
    distros::Key { name: name.into(), bytes: pem.into() }
}

fn keys(of: &[&Key]) -> Keys {
    let keys: Vec<_> = of.iter().map(|key| public(&key.file_name(), key.public_pem())).collect();
    Keys::new(&keys).unwrap()
}

fn signatures(entries: &[Entry]) -> Signatures {
    let mut signatures = Signatures::default();
    assert!(signatures.take(&tar(entries)).unwrap());
    signatures
}

/// The name that a signature by this key has.
fn name(kind: &str, key: &Key) -> String {
    format!(".SIGN.{kind}.{}", key.file_name())
}

#[test]
fn a_good_signature_of_each_kind_is_accepted() {
    for kind in KINDS {
        let signatures = signatures(&[ALICE.signature_entry(kind, b"text")]);
        assert_eq!(signatures.verify(b"text", &keys(&[&BOB, &ALICE])), Ok(&*ALICE.file_name()));
    }
}

#[test]
fn the_name_of_a_key_may_lack_its_ending() {
    let signatures = signatures(&[ALICE.signature_entry(SignatureKind::Rsa, b"text")]);
    for ending in ["", ".rsa", ".pub", ".rsa.pub"] {
        let name = ALICE.file_name().replace(".rsa.pub", ending);
        let keys = Keys::new(&[public(&name, ALICE.public_pem())]).unwrap();
        assert_eq!(keys.names().collect::<Vec<_>>(), [ALICE.file_name()]);
        assert!(signatures.verify(b"text", &keys).is_ok(), "{name}");
    }
}

#[test]
fn a_changed_text_is_refused() {
    for kind in KINDS {
        let signatures = signatures(&[ALICE.signature_entry(kind, b"text")]);
        let refused = signatures.verify(b"texu", &keys(&[&ALICE]));
        assert_eq!(refused, Err(SignatureError::Wrong { key: ALICE.file_name() }));
    }
}

#[test]
fn a_changed_signature_is_refused() {
    let good = ALICE.sign(SignatureKind::Rsa256, b"text");
    let mut flipped = good.clone();
    flipped[100] ^= 1;
    let longer = [&good[..], b"\0"].concat();
    let padded = [b"\0", &good[..]].concat();
    for bad in
        [Vec::new(), vec![0; 256], vec![255; 256], good[1..].to_vec(), longer, padded, flipped]
    {
        let signatures = signatures(&[Entry::file(&name("RSA256", &ALICE), bad, 0o644)]);
        let refused = signatures.verify(b"text", &keys(&[&ALICE]));
        assert_eq!(refused, Err(SignatureError::Wrong { key: ALICE.file_name() }));
    }
}

#[test]
fn a_signature_that_calls_itself_another_kind_is_refused() {
    for (kind, other) in [
        (SignatureKind::Rsa, "RSA256"),
        (SignatureKind::Rsa256, "RSA"),
        (SignatureKind::Rsa512, "RSA256"),
    ] {
        let entry = Entry::file(&name(other, &ALICE), ALICE.sign(kind, b"text"), 0o644);
        let refused = signatures(&[entry]);
        let refused = refused.verify(b"text", &keys(&[&ALICE]));
        assert_eq!(refused, Err(SignatureError::Wrong { key: ALICE.file_name() }));
    }
}

#[test]
fn another_key_of_the_same_name_does_not_help() {
    let signatures =
        signatures(&[ALICE.impostor().signature_entry(SignatureKind::Rsa256, b"text")]);
    let refused = signatures.verify(b"text", &keys(&[&ALICE]));
    assert_eq!(refused, Err(SignatureError::Wrong { key: ALICE.file_name() }));
    // Two repositories may have keys of one name.
    assert!(signatures.verify(b"text", &keys(&[&ALICE, &ALICE.impostor()])).is_ok());
}

#[test]
fn a_trusted_key_under_another_name_is_not_tried() {
    let entry = Entry::file(&name("RSA", &BOB), ALICE.sign(SignatureKind::Rsa, b"text"), 0o644);
    let refused = signatures(&[entry]);
    let refused = refused.verify(b"text", &keys(&[&ALICE]));
    assert_eq!(refused, Err(SignatureError::UnknownKey { names: BOB.file_name() }));
}

#[test]
fn unknown_keys_are_all_named() {
    let signatures =
        signatures(&[&*ALICE, &*BOB].map(|key| key.signature_entry(SignatureKind::Rsa, b"text")));
    let names = format!("{}, {}", ALICE.file_name(), BOB.file_name());
    let refused = signatures.verify(b"text", &Keys::default());
    assert_eq!(refused, Err(SignatureError::UnknownKey { names }));
}

#[test]
fn one_good_signature_among_others_is_enough() {
    let signatures = signatures(&[
        Entry::file(&name("DSA", &ALICE), "x", 0o644),
        Entry::file(&name("RSA", &ALICE), "x", 0o644),
        BOB.signature_entry(SignatureKind::Rsa256, b"text"),
    ]);
    assert_eq!(signatures.verify(b"text", &keys(&[&BOB, &ALICE])), Ok(&*BOB.file_name()));
    assert_eq!(signatures.signers().count(), 3);
    let refused = signatures.verify(b"text", &keys(&[&ALICE]));
    assert_eq!(refused, Err(SignatureError::Wrong { key: ALICE.file_name() }));
}

#[test]
fn no_signature_and_unknown_kinds_are_told_apart() {
    assert_eq!(Signatures::default().verify(b"", &keys(&[&ALICE])), Err(SignatureError::Absent));
    let signatures = signatures(&[Entry::file(&name("DSA", &ALICE), "x", 0o644)]);
    let refused = signatures.verify(b"", &keys(&[&ALICE]));
    assert!(matches!(refused, Err(SignatureError::Algorithm { .. })), "{refused:?}");
}

#[test]
fn the_two_halves_of_a_published_attack_are_refused() {
    // The prefix that SHAttered (2017) found, and its first pair of blocks: both have one digest.
    let blocks = include_str!("shattered.hex").split_whitespace().collect::<Vec<_>>();
    let [one, other] = [0, 1].map(|half| {
        let digits = [blocks[0], blocks[1 + half]].concat();
        let byte = |at: usize| u8::from_str_radix(&digits[at..at + 2], 16).unwrap();
        (0..digits.len()).step_by(2).map(byte).collect::<Vec<u8>>()
    });
    assert_ne!(one, other);
    assert_eq!(ALICE.sign(SignatureKind::Rsa, &one), ALICE.sign(SignatureKind::Rsa, &other));
    let signatures = signatures(&[ALICE.signature_entry(SignatureKind::Rsa, &one)]);
    for half in [one, other] {
        let refused = signatures.verify(&half, &keys(&[&ALICE]));
        assert_eq!(refused, Err(SignatureError::Collision));
    }
}

#[test]
fn what_a_stranger_names_its_key_is_shown_on_one_short_line() {
    let long = format!(".SIGN.RSA.evil\n\u{1b}[31m{}", "k".repeat(3000));
    let refused = signatures(&[Entry::file(&long, "x", 0o644)]);
    let text = refused.verify(b"", &keys(&[&ALICE])).unwrap_err().to_string();
    assert!(text.len() < 300 && !text.contains('\n') && !text.contains('\u{1b}'), "{text}");
}

#[test]
fn a_member_of_other_files_is_no_member_of_signatures() {
    let mut signatures = Signatures::default();
    assert!(!signatures.take(&tar(&[Entry::file(".PKGINFO", "", 0o644)])).unwrap());
    assert!(!signatures.take(&tar(&[])).unwrap());
    assert!(!signatures.take(&tar(&[Entry::file(".SIGN.RSA.a/b", "", 0o644)])).unwrap());
    let good = ALICE.signature_entry(SignatureKind::Rsa, b"");
    for other in [Entry::file(".PKGINFO", "", 0o644), Entry::file(".SIGN.RSA", "", 0o644)] {
        let refused = signatures.take(&tar(&[good.clone(), other]));
        assert!(matches!(refused, Err(ListingError::Unexpected { .. })), "{refused:?}");
    }
    let link = Entry::symlink(".SIGN.RSA.key", "/etc/passwd");
    assert!(matches!(signatures.take(&tar(&[link])), Err(ListingError::Kind { .. })));
    let twice = signatures.take(&tar(&[good.clone(), good]));
    assert!(matches!(twice, Err(ListingError::Repeated { .. })), "{twice:?}");
    let entry = |number| Entry::file(&format!(".SIGN.RSA.{number}"), "", 0o644);
    let many: Vec<_> = (0..=SIGNATURES_MAX).map(entry).collect();
    assert!(matches!(signatures.take(&tar(&many)), Err(ListingError::TooMany)));
}

#[test]
fn keys_that_are_none_are_refused() {
    let short = Key::short("short");
    let refusal = |pem: &str| Keys::new(&[public("key", pem)]).unwrap_err();
    assert!(matches!(refusal(&short.public_pem()), KeyError::Weak { bits: 1024, .. }));
    let pem = ALICE.public_pem();
    for bad in [
        "",
        "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n",
        &pem[..200],
        &pem.replace("PUBLIC", "PRIVATE"),
        &ALICE.secret_pem(),
        &pem.replacen("MIIB", "MIIC", 1),
    ] {
        let refused = refusal(bad);
        assert!(matches!(refused, KeyError::Malformed { .. }), "{bad}: {refused:?}");
    }
    let binary = Keys::new(&[distros::Key { name: "key".into(), bytes: vec![0xff; 300] }]);
    assert!(matches!(binary, Err(KeyError::NotText { .. })));
}
