#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use distros::Distro;
use test_support::{SignatureDigest, SigningKey, SubkeyState};

use super::*;

const TEXT: &str = "Suite: stable\nDate: now\n";
/// 2025-06-01: after the test keys were made and used.
const NOW: i64 = 1_748_736_000;

fn ring(keys: &[&SigningKey]) -> Keyring {
    let mut ring = Keyring::default();
    for key in keys {
        ring.extend(Keyring::from_bytes(key.public_armored().as_bytes()).unwrap());
    }
    ring
}

fn check_good(key: &SigningKey) {
    let ring = ring(&[key]);
    let inline = ring.verify_inline(key.sign_inline(TEXT).as_bytes(), NOW).unwrap();
    let signature = key.sign_detached(TEXT.as_bytes());
    let detached = ring.verify_detached(TEXT.as_bytes(), signature.as_bytes(), NOW).unwrap();
    assert_eq!(inline.text, TEXT.as_bytes());
    assert_eq!(inline.signed_by.as_str(), key.fingerprint());
    assert_eq!(inline, detached);
}

fn check_refused(key: &SigningKey, expected: &str) {
    let ring = ring(&[key]);
    let inline = ring.verify_inline(key.sign_inline(TEXT).as_bytes(), NOW).unwrap_err();
    let signature = key.sign_detached(TEXT.as_bytes());
    let detached = ring.verify_detached(TEXT.as_bytes(), signature.as_bytes(), NOW).unwrap_err();
    assert!(inline.to_string().contains(expected), "{inline}");
    assert_eq!(inline.to_string(), detached.to_string());
}

#[test]
fn a_good_signature_is_good() {
    check_good(&SigningKey::new("good"));
    check_good(&SigningKey::new("good").rsa());
    check_good(&SigningKey::new("good").digest(SignatureDigest::Sha256));
    check_good(&SigningKey::new("good").subkey(SubkeyState::Good));
}

#[test]
fn a_binary_keyring_is_read_like_an_armored_one() {
    let (one, two) = (SigningKey::new("one"), SigningKey::new("two"));
    let binary = Keyring::from_bytes(&[one.public_binary(), two.public_binary()].concat()).unwrap();
    let armored = one.public_armored() + &two.public_armored();
    let armored = Keyring::from_bytes(format!("a comment\n{armored}").as_bytes()).unwrap();
    assert_eq!(binary.fingerprints(), armored.fingerprints());
    assert_eq!(binary.fingerprints()[1].as_str(), two.fingerprint());
}

#[test]
fn one_trusted_signature_among_strangers_is_enough() {
    let (stranger, known) = (SigningKey::new("stranger"), SigningKey::new("known"));
    let text = test_support::sign_inline(&[&stranger, &known], TEXT);
    let verified = ring(&[&known]).verify_inline(text.as_bytes(), NOW).unwrap();
    assert_eq!(verified.signed_by.as_str(), known.fingerprint());
}

#[test]
fn a_good_signature_after_a_bad_one_is_enough() {
    let (bad, good) = (SigningKey::new("bad").expired(), SigningKey::new("good"));
    let text = test_support::sign_inline(&[&bad, &good], TEXT);
    let verified = ring(&[&bad, &good]).verify_inline(text.as_bytes(), NOW).unwrap();
    assert_eq!(verified.signed_by.as_str(), good.fingerprint());
}

#[test]
fn a_key_that_is_not_trusted_is_named() {
    let (stranger, known) = (SigningKey::new("stranger"), SigningKey::new("known"));
    let text = stranger.sign_inline(TEXT);
    match ring(&[&known]).verify_inline(text.as_bytes(), NOW) {
        Err(TrustError::Untrusted { rejections }) => {
            assert_eq!(rejections, [Rejection::UnknownKey { key: stranger.fingerprint() }]);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_ring_restricted_to_a_fingerprint_trusts_no_other_key() {
    let (one, two) = (SigningKey::new("one"), SigningKey::new("two"));
    let mut both = ring(&[&one, &two]);
    both.restrict_to(&[two.fingerprint().to_lowercase().parse().unwrap()]);
    assert!(both.verify_inline(two.sign_inline(TEXT).as_bytes(), NOW).is_ok());
    assert!(both.verify_inline(one.sign_inline(TEXT).as_bytes(), NOW).is_err());
}

#[test]
fn an_expired_key_is_refused_with_its_date() {
    check_refused(&SigningKey::new("old").expired(), "expired on 2020-12-31 00:00:00 UTC");
    let subkey = SigningKey::new("old").subkey(SubkeyState::Expired);
    check_refused(&subkey, "expired on 2020-12-31 00:00:00 UTC");
}

#[test]
fn an_expired_key_was_good_in_its_time() {
    let key = SigningKey::new("old").expired().signed_at(1_590_000_000);
    let text = key.sign_inline(TEXT);
    assert!(ring(&[&key]).verify_inline(text.as_bytes(), 1_600_000_000).is_ok());
}

#[test]
fn a_revoked_key_is_refused() {
    check_refused(&SigningKey::new("revoked").revoked(), "is revoked");
    check_refused(&SigningKey::new("revoked").subkey(SubkeyState::Revoked), "is revoked");
}

#[test]
fn a_subkey_that_never_agreed_is_refused() {
    let key = SigningKey::new("adopted").subkey(SubkeyState::NoBackSignature);
    check_refused(&key, "has no valid signature of its own");
}

#[test]
fn a_subkey_for_encryption_cannot_sign() {
    let key = SigningKey::new("secret").subkey(SubkeyState::EncryptionOnly);
    check_refused(&key, "is not for signing");
}

#[test]
fn weak_digests_are_refused_by_name() {
    check_refused(&SigningKey::new("weak").digest(SignatureDigest::Sha1), "uses SHA1");
    check_refused(&SigningKey::new("weak").digest(SignatureDigest::Md5), "uses MD5");
}

#[test]
fn a_key_that_can_be_broken_is_refused_by_kind() {
    check_refused(&SigningKey::new("short").short_rsa(), "is RSA of 1024 bits");
}

#[test]
fn a_key_that_only_a_weak_digest_binds_is_refused() {
    check_refused(&SigningKey::new("weak").weakly_bound(), "has no valid signature of its own");
}

#[test]
fn an_expired_signature_is_refused_with_its_date() {
    check_refused(
        &SigningKey::new("brief").signs_for_a_day(),
        "expired on 2025-01-02 00:00:00 UTC",
    );
    check_good(&SigningKey::new("brief").signs_for_a_day().signed_at(1_748_735_000));
}

#[test]
fn a_signature_from_the_future_is_refused_but_clocks_may_differ() {
    let soon = u32::try_from(NOW).unwrap() + 600;
    check_good(&SigningKey::new("soon").signed_at(soon));
    check_refused(&SigningKey::new("late").signed_at(soon + 86_400), "which is yet to come");
}

#[test]
fn a_tampered_text_is_refused() {
    let key = SigningKey::new("good");
    let text = key.sign_inline(TEXT).replace("Suite: stable", "Suite: stabel");
    let error = ring(&[&key]).verify_inline(text.as_bytes(), NOW).unwrap_err();
    assert!(error.to_string().contains("is not one of this text"), "{error}");
    let signature = key.sign_detached(TEXT.as_bytes());
    assert!(ring(&[&key]).verify_detached(b"evil", signature.as_bytes(), NOW).is_err());
}

#[test]
fn a_detached_signature_does_not_pass_for_an_inline_one() {
    let key = SigningKey::new("good");
    let signature = key.sign_detached(b"Suite: stable");
    let text = format!("-----BEGIN PGP SIGNED MESSAGE-----\n\nSuite: stable\n{signature}");
    let error = ring(&[&key]).verify_inline(text.as_bytes(), NOW).unwrap_err();
    assert!(error.to_string().contains("a type that is not for texts"), "{error}");
}

#[test]
fn a_text_of_any_size_is_not_read() {
    let key = SigningKey::new("good");
    let text = vec![b'a'; TEXT_SIZE_MAX + 1];
    let error = ring(&[&key]).verify_inline(&text, NOW).unwrap_err();
    assert!(matches!(error, TrustError::TooLarge { .. }));
    assert!(matches!(Keyring::from_bytes(&text), Err(TrustError::TooLarge { .. })));
}

#[test]
fn a_flood_of_signatures_is_refused() {
    let key = SigningKey::new("stranger");
    let keys = vec![&key; SIGNATURES_MAX + 1];
    let text = test_support::sign_inline(&keys, TEXT);
    let error = ring(&[&key]).verify_inline(text.as_bytes(), NOW).unwrap_err();
    assert!(matches!(error, TrustError::TooManySignatures { .. }), "{error}");
}

#[test]
fn what_holds_no_key_is_refused() {
    for bytes in [
        b"".as_slice(),
        b"no key",
        b"-----BEGIN PGP PUBLIC KEY BLOCK-----\n\n-----END PGP PUBLIC KEY BLOCK-----\n",
        b"-----BEGIN PGP SIGNATURE-----\n",
        &[0x99, 0xff, 0xff],
    ] {
        assert!(Keyring::from_bytes(bytes).is_err());
    }
}

#[test]
fn a_fingerprint_is_whole() {
    assert!("B8B80B5B623EAB6AD8775C45B7C5D7D6350947F8".parse::<Fingerprint>().is_ok());
    assert!("b8b8 0b5b 623e ab6a d877  5c45 b7c5 d7d6 3509 47f8".parse::<Fingerprint>().is_ok());
    assert!("B7C5D7D6350947F8".parse::<Fingerprint>().is_err());
}

#[test]
fn changing_any_byte_of_a_signed_text_never_yields_another_text() {
    let key = SigningKey::new("good");
    let ring = ring(&[&key]);
    let good = key.sign_inline(TEXT).into_bytes();
    for position in 0..good.len() {
        for flip in [0x01, 0x20, 0x80] {
            let mut bad = good.clone();
            bad[position] ^= flip;
            if let Ok(verified) = ring.verify_inline(&bad, NOW) {
                assert_eq!(verified.text, TEXT.as_bytes(), "byte {position}");
            }
        }
    }
}

#[test]
fn damaged_keys_and_signatures_are_errors() {
    let key = SigningKey::new("good").subkey(SubkeyState::Good);
    let ring = ring(&[&key]);
    let armored = key.public_armored().into_bytes();
    let signature = key.sign_detached(TEXT.as_bytes()).into_bytes();
    for replacement in [0, b'\n', b'-', b'=', 0xff] {
        for position in 0..armored.len() {
            let mut bad = armored.clone();
            bad[position] = replacement;
            // Some bytes do not matter; none may stop the program.
            drop(Keyring::from_bytes(&bad));
        }
        for position in 0..signature.len() {
            let mut bad = signature.clone();
            bad[position] = replacement;
            drop(ring.verify_detached(TEXT.as_bytes(), &bad, NOW));
        }
    }
}

#[test]
fn every_key_that_is_shipped_can_be_used() {
    // 2026-11-21, when they were shipped.
    let now = 1_795_240_000;
    let all = distros::built_in().unwrap();
    for distro in all.iter().filter(|distro| distro.family() == distros::Family::Deb) {
        for release in distro.releases() {
            let arch = release.architectures[0];
            for repository in distro.repositories(release, arch, &release.pockets).unwrap() {
                for key in repository.keys {
                    let ring = Keyring::from_bytes(&key.bytes).unwrap();
                    assert_eq!(ring.certificates.len(), 1, "{}", key.name);
                    certificate::check_usable(&ring.certificates[0], now).unwrap();
                }
            }
        }
    }
}
