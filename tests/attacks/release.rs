//! Attacks on what is signed.

use test_support::{SignatureDigest, Signatures, SigningKey, SubkeyState, Suite};

use crate::made::{RELEASE, Target, key, suite};

/// Signed text is refused with exit code 3 and these words.
#[track_caller]
fn check(suite: &Suite, said: &str) {
    let target = Target::new(suite.publish());
    target.refuses(&[], 3, said);
    target.recovers();
}

/// The made distribution, signed by another key or otherwise.
fn signed_by(key: &SigningKey) -> Suite {
    suite().signed_by(key)
}

#[test]
fn tampered_inrelease_is_refused() {
    let mut archive = suite().publish();
    archive.replace(RELEASE, "Label: Test", "Label: Best");
    archive.remove("dists/bookworm/Release");
    archive.remove("dists/bookworm/Release.gpg");
    let target = Target::new(archive);
    target.refuses(&[], 3, "signature");
    target.recovers();
}

#[test]
fn tampered_release_beside_its_signature_is_refused() {
    let mut archive = suite().signatures(Signatures::Detached).publish();
    archive.replace("dists/bookworm/Release", "Label: Test", "Label: Best");
    let target = Target::new(archive);
    target.refuses(&[], 3, "signature");
    target.recovers();
}

#[test]
fn text_around_the_signed_part_is_not_believed() {
    let mut archive = suite().publish();
    archive.tamper(RELEASE, |bytes| {
        let forged = b"Origin: Forged\nSuite: bookworm\n\n".to_vec();
        *bytes = [forged, bytes.clone()].concat();
    });
    archive.remove("dists/bookworm/Release.gpg");
    let target = Target::new(archive);
    target.refuses(&[], 3, "");
    target.recovers();
}

#[test]
fn wrong_key_is_refused() {
    check(&signed_by(&SigningKey::new("somebody else")), "key");
}

#[test]
fn missing_signature_is_refused() {
    check(&suite().signatures(Signatures::Missing), "");
}

#[test]
fn revoked_key_is_refused() {
    let target = Target::with_key(suite().publish(), &key().revoked());
    target.refuses(&[], 3, "revoked");
}

#[test]
fn expired_key_is_refused() {
    let target = Target::with_key(suite().publish(), &key().expired());
    target.refuses(&[], 3, "expired");
}

#[test]
fn weak_digests_are_refused() {
    for digest in [SignatureDigest::Sha1, SignatureDigest::Md5] {
        let weak = key().digest(digest);
        let target = Target::with_key(signed_by(&weak).publish(), &weak);
        target.refuses(&[], 3, "");
    }
}

#[test]
fn bad_subkeys_are_refused() {
    for state in [
        SubkeyState::Expired,
        SubkeyState::Revoked,
        SubkeyState::NoBackSignature,
        SubkeyState::EncryptionOnly,
    ] {
        let bad = key().subkey(state);
        let target = Target::with_key(signed_by(&bad).publish(), &bad);
        target.refuses(&[], 3, "");
    }
    let good = key().subkey(SubkeyState::Good);
    Target::with_key(signed_by(&good).publish(), &good).build(&[]).succeeds();
}

#[test]
fn expired_release_is_refused() {
    check(&suite().valid_until(1_735_700_000), "expired");
}

#[test]
fn release_of_another_suite_is_refused() {
    // A mirror that serves an old release, correctly signed, under the name of a new one.
    let other = suite().field("Suite", "oldstable").field("Codename", "bullseye");
    check(&other, "bullseye");
}

#[test]
fn one_good_signature_among_strangers_is_enough() {
    let both = signed_by(&SigningKey::new("somebody else")).also_signed_by(&key());
    Target::new(both.publish()).build(&[]).succeeds();
}

#[test]
fn detached_signature_is_as_good() {
    let detached = suite().signatures(Signatures::Detached).without_by_hash();
    Target::new(detached.publish()).build(&[]).succeeds();
}
