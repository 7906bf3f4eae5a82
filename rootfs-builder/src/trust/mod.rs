//! Decides whether a text that an archive signed is to be believed.
//!
//! One good signature by one trusted key is enough; what others signed is ignored. Nothing here reads a clock: the
//! caller gives the time at which keys and signatures must be valid.

mod armor;
mod certificate;
mod cleartext;
mod error;
mod fingerprint;
mod keyring;
mod strength;
#[cfg(test)]
mod tests;

use pgp::armor::BlockType;
use pgp::composed::{Deserializable, DetachedSignature};
use pgp::packet::{Signature, SignatureType};

pub use error::{Rejection, TrustError};
pub use fingerprint::Fingerprint;
pub use keyring::Keyring;

/// The largest signed text that is read.
pub const TEXT_SIZE_MAX: usize = 8 << 20;
const SIGNATURES_SIZE_MAX: usize = 64 << 10;
const SIGNATURES_MAX: usize = 32;
/// Clocks differ; an archive that is this far ahead of ours is not from the future.
const CLOCK_TOLERANCE_SECONDS: i64 = 3600;

/// A text that a trusted key signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// What was signed, and nothing else.
    pub text: Vec<u8>,
    /// The primary key of the signer.
    pub signed_by: Fingerprint,
    /// When, in seconds since 1970.
    pub signed_at: i64,
}

impl Keyring {
    /// Verifies a text that carries its signatures, as `InRelease` does.
    ///
    /// `now` is the time, in seconds since 1970, at which keys and signatures must be valid.
    pub fn verify_inline(&self, bytes: &[u8], now: i64) -> Result<Verified, TrustError> {
        check_text_size(bytes)?;
        let parts = cleartext::split(bytes)?;
        let signatures = parse_signatures(parts.armor)?;
        let (signed_by, signed_at) =
            self.judge(&signatures, &[SignatureType::Text], &parts.signed, now)?;
        Ok(Verified { text: parts.text, signed_by, signed_at })
    }

    /// Verifies a text whose signatures are in another file, as `Release` and `Release.gpg` are.
    ///
    /// `now` is the time, in seconds since 1970, at which keys and signatures must be valid.
    pub fn verify_detached(
        &self,
        text: &[u8],
        signature: &[u8],
        now: i64,
    ) -> Result<Verified, TrustError> {
        check_text_size(text)?;
        let signatures = parse_signatures(signature)?;
        let kinds = [SignatureType::Binary, SignatureType::Text];
        let (signed_by, signed_at) = self.judge(&signatures, &kinds, text, now)?;
        Ok(Verified { text: text.to_vec(), signed_by, signed_at })
    }

    fn judge(
        &self,
        signatures: &[Signature],
        kinds: &[SignatureType],
        data: &[u8],
        now: i64,
    ) -> Result<(Fingerprint, i64), TrustError> {
        let mut rejections = Vec::new();
        for signature in signatures {
            let mut signers = self
                .certificates
                .iter()
                .filter_map(|certificate| certificate::signer(certificate, signature))
                .peekable();
            if signers.peek().is_none() {
                rejections.push(Rejection::UnknownKey { key: issuer(signature) });
            }
            for signer in signers {
                match judge_one(signature, &signer, kinds, data, now) {
                    Ok(()) => {
                        let by = Fingerprint::of(signer.certificate);
                        return Ok((by, certificate::created(signature)));
                    }
                    Err(rejection) => rejections.push(rejection),
                }
            }
        }
        Err(TrustError::Untrusted { rejections })
    }
}

fn judge_one(
    signature: &Signature,
    signer: &certificate::Signer<'_>,
    kinds: &[SignatureType],
    data: &[u8],
    now: i64,
) -> Result<(), Rejection> {
    let key = signer.fingerprint();
    match signature.hash_alg() {
        Some(digest) if strength::is_strong_digest(digest) => {}
        Some(digest) => return Err(Rejection::WeakDigest { key, digest: digest.to_string() }),
        None => return Err(Rejection::Unsupported { key, what: "an unknown version" }),
    }
    if !signature.typ().is_some_and(|kind| kinds.contains(&kind)) {
        return Err(Rejection::Unsupported { key, what: "a type that is not for texts" });
    }
    if certificate::has_unknown_condition(signature) {
        return Err(Rejection::Unsupported { key, what: "a condition that osb does not know" });
    }
    // Before this, what the signature says of itself is anyone's word.
    if signature.created().is_none() || !signer.verify(signature, data) {
        return Err(Rejection::Wrong { key });
    }
    let at = certificate::created(signature);
    if at > now + CLOCK_TOLERANCE_SECONDS {
        return Err(Rejection::FromFuture { key, at });
    }
    if let Some(at) = certificate::expiry(signature).filter(|at| *at <= now) {
        return Err(Rejection::Expired { key, at });
    }
    signer.check(now)
}

fn parse_signatures(bytes: &[u8]) -> Result<Vec<Signature>, TrustError> {
    if bytes.len() > SIGNATURES_SIZE_MAX {
        return Err(TrustError::TooLarge { size: bytes.len(), limit: SIGNATURES_SIZE_MAX });
    }
    let wrap = |source| TrustError::Signatures { source: Box::new(source) };
    let packets = armor::packets(bytes, BlockType::Signature).map_err(wrap)?;
    let parsed = DetachedSignature::from_bytes_many(packets.as_slice()).map_err(wrap)?;
    let mut signatures = Vec::new();
    for signature in parsed {
        if signatures.len() == SIGNATURES_MAX {
            return Err(TrustError::TooManySignatures { limit: SIGNATURES_MAX });
        }
        signatures.push(signature.map_err(wrap)?.signature);
    }
    if signatures.is_empty() {
        return Err(TrustError::NotSigned);
    }
    Ok(signatures)
}

/// The text of a file that carries its signatures, believed without looking at them.
///
/// Only for archives that the user told us to take unsigned.
pub fn unverified_text(bytes: &[u8]) -> Result<Vec<u8>, TrustError> {
    check_text_size(bytes)?;
    Ok(cleartext::split(bytes)?.text)
}

fn check_text_size(text: &[u8]) -> Result<(), TrustError> {
    if text.len() > TEXT_SIZE_MAX {
        return Err(TrustError::TooLarge { size: text.len(), limit: TEXT_SIZE_MAX });
    }
    Ok(())
}

fn issuer(signature: &Signature) -> String {
    let fingerprints = signature.issuer_fingerprint();
    let ids = signature.issuer_key_id();
    match (fingerprints.first(), ids.first()) {
        (Some(fingerprint), _) => fingerprint.to_string().to_uppercase(),
        (None, Some(id)) => id.to_string().to_uppercase(),
        (None, None) => "without a name".to_owned(),
    }
}
