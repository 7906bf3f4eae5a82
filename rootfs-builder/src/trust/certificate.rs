//! When a key counts: what its owner says of it, in signatures of its own.

use pgp::composed::{SignedPublicKey, SignedPublicSubKey};
use pgp::packet::{Signature, SignatureType, SubpacketData, SubpacketType};
use pgp::types::{KeyDetails, Tag};

use super::strength::{self, is_strong_digest};
use super::{Fingerprint, Rejection};

/// A key of a certificate that may have made a signature: its primary key, or a subkey.
pub(super) struct Signer<'a> {
    pub certificate: &'a SignedPublicKey,
    pub subkey: Option<&'a SignedPublicSubKey>,
}

/// Finds the key of this certificate that a signature says it was made by.
pub(super) fn signer<'a>(
    certificate: &'a SignedPublicKey,
    signature: &Signature,
) -> Option<Signer<'a>> {
    if names(signature, certificate) {
        return Some(Signer { certificate, subkey: None });
    }
    let subkey = certificate.public_subkeys.iter().find(|subkey| names(signature, *subkey))?;
    Some(Signer { certificate, subkey: Some(subkey) })
}

impl Signer<'_> {
    pub fn fingerprint(&self) -> String {
        match self.subkey {
            Some(subkey) => Fingerprint::of(subkey).to_string(),
            None => Fingerprint::of(self.certificate).to_string(),
        }
    }

    /// Verifies that the signature is one of `data` by this key.
    pub fn verify(&self, signature: &Signature, data: &[u8]) -> bool {
        match self.subkey {
            Some(subkey) => signature.verify(subkey, data).is_ok(),
            None => signature.verify(self.certificate, data).is_ok(),
        }
    }

    /// Refuses the key if it must not sign, or must not any more at `now`.
    pub fn check(&self, now: i64) -> Result<(), Rejection> {
        let primary = Fingerprint::of(self.certificate).to_string();
        strength::check_key(self.certificate, &primary)?;
        let certificate = self.certificate;
        if certificate
            .details
            .revocation_signatures
            .iter()
            .any(|revocation| revocation.verify_key(&certificate.primary_key).is_ok())
        {
            return Err(Rejection::KeyRevoked { key: primary });
        }
        let Some(binding) = newest(primary_bindings(certificate)) else {
            return Err(Rejection::KeyNotBound { key: primary });
        };
        check_life(certificate, binding, &primary, now)?;
        match self.subkey {
            Some(subkey) => check_subkey(certificate, subkey, now),
            // A key without flags is of a time when every primary key could sign.
            None if has_key_flags(binding) && !binding.key_flags().sign() => {
                Err(Rejection::KeyNotForSigning { key: primary })
            }
            None => Ok(()),
        }
    }
}

/// Whether the signature has a condition that we would have to understand and do not.
pub(super) fn has_unknown_condition(signature: &Signature) -> bool {
    signature.config().is_none_or(|config| {
        config.hashed_subpackets().any(|subpacket| {
            subpacket.is_critical
                && matches!(
                    subpacket.typ(),
                    SubpacketType::Other(_)
                        | SubpacketType::Experimental(_)
                        | SubpacketType::Notation
                )
        })
    })
}

fn check_subkey(
    certificate: &SignedPublicKey,
    subkey: &SignedPublicSubKey,
    now: i64,
) -> Result<(), Rejection> {
    let key = Fingerprint::of(subkey).to_string();
    strength::check_key(subkey, &key)?;
    let verified = subkey.signatures.iter().filter(|signature| {
        signature.verify_subkey_binding(&certificate.primary_key, &subkey.key).is_ok()
    });
    let (revocations, bindings): (Vec<_>, Vec<_>) =
        verified.partition(|signature| signature.typ() == Some(SignatureType::SubkeyRevocation));
    if !revocations.is_empty() {
        return Err(Rejection::KeyRevoked { key });
    }
    let Some(binding) = newest(bindings.into_iter().filter(|binding| is_acceptable(binding)))
    else {
        return Err(Rejection::KeyNotBound { key });
    };
    if !binding.key_flags().sign() {
        return Err(Rejection::KeyNotForSigning { key });
    }
    // Without this a thief of fame could adopt another's signing key as a subkey of his own.
    let agrees = binding.embedded_signature().is_some_and(|back| {
        is_acceptable(back)
            && back.verify_primary_key_binding(&subkey.key, &certificate.primary_key).is_ok()
    });
    if !agrees {
        return Err(Rejection::KeyNotBound { key });
    }
    check_life(subkey, binding, &key, now)
}

/// The signatures by which the owner speaks of the primary key: on itself, and on names not revoked.
fn primary_bindings(certificate: &SignedPublicKey) -> impl Iterator<Item = &Signature> {
    let primary = &certificate.primary_key;
    let direct = certificate
        .details
        .direct_signatures
        .iter()
        .filter(|signature| signature.verify_key(primary).is_ok());
    let users = certificate.details.users.iter().filter_map(move |user| {
        let verified = user.signatures.iter().filter(|signature| {
            names(signature, certificate)
                && signature.verify_certification(primary, Tag::UserId, &user.id).is_ok()
        });
        let (revocations, bindings): (Vec<_>, Vec<_>) =
            verified.partition(|signature| signature.typ() == Some(SignatureType::CertRevocation));
        let binding = newest(bindings.into_iter().filter(|binding| is_acceptable(binding)))?;
        let is_revoked =
            revocations.iter().any(|revocation| created(revocation) >= created(binding));
        (!is_revoked).then_some(binding)
    });
    direct.filter(|signature| is_acceptable(signature)).chain(users)
}

fn is_acceptable(signature: &Signature) -> bool {
    signature.hash_alg().is_some_and(is_strong_digest) && !has_unknown_condition(signature)
}

fn newest<'a>(signatures: impl Iterator<Item = &'a Signature>) -> Option<&'a Signature> {
    signatures.max_by_key(|signature| created(signature))
}

fn check_life(
    key: &impl KeyDetails,
    binding: &Signature,
    name: &str,
    now: i64,
) -> Result<(), Rejection> {
    let key_end = binding
        .key_expiration_time()
        .map(|life| i64::from(life.as_secs()))
        .filter(|life| *life != 0)
        .map(|life| i64::from(key.created_at().as_secs()) + life);
    match key_end.into_iter().chain(expiry(binding)).min() {
        Some(at) if at <= now => Err(Rejection::KeyExpired { key: name.to_owned(), at }),
        _ => Ok(()),
    }
}

/// When a signature itself ends, if ever.
pub(super) fn expiry(signature: &Signature) -> Option<i64> {
    let life = i64::from(signature.signature_expiration_time()?.as_secs());
    (life != 0).then(|| created(signature) + life)
}

/// When a signature was made; the beginning of time if it does not say so.
pub(super) fn created(signature: &Signature) -> i64 {
    signature.created().map_or(0, |created| i64::from(created.as_secs()))
}

fn has_key_flags(signature: &Signature) -> bool {
    signature.config().is_some_and(|config| {
        config
            .hashed_subpackets()
            .any(|subpacket| matches!(subpacket.data, SubpacketData::KeyFlags(_)))
    })
}

/// Whether the signature says that `key` made it. Only a hint: whether it is so is for mathematics to say.
fn names(signature: &Signature, key: &impl KeyDetails) -> bool {
    let fingerprints = signature.issuer_fingerprint();
    if fingerprints.is_empty() {
        return signature.issuer_key_id().contains(&&key.legacy_key_id());
    }
    fingerprints.contains(&&key.fingerprint())
}

/// Refuses a certificate of which no key may sign at `now`.
#[cfg(test)]
pub(super) fn check_usable(certificate: &SignedPublicKey, now: i64) -> Result<(), Rejection> {
    let primary = Signer { certificate, subkey: None }.check(now);
    let mut subkeys = certificate
        .public_subkeys
        .iter()
        .map(|subkey| Signer { certificate, subkey: Some(subkey) });
    if subkeys.any(|signer| signer.check(now).is_ok()) { Ok(()) } else { primary }
}
