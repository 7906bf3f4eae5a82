//! Which digests and keys are strong enough to be believed.

use pgp::crypto::hash::HashAlgorithm;
use pgp::ser::Serialize;
use pgp::types::{
    EcdsaPublicParams, EddsaLegacyPublicParams, KeyDetails, KeyVersion, PublicParams,
    RsaPublicParams,
};

use super::Rejection;

const RSA_BITS_MIN: usize = 2048;

/// Whether signatures by this digest may be believed.
pub(super) fn is_strong_digest(digest: HashAlgorithm) -> bool {
    matches!(
        digest,
        HashAlgorithm::Sha256
            | HashAlgorithm::Sha384
            | HashAlgorithm::Sha512
            | HashAlgorithm::Sha3_256
            | HashAlgorithm::Sha3_512
    )
}

/// Refuses a key that can be broken.
pub(super) fn check_key(key: &impl KeyDetails, name: &str) -> Result<(), Rejection> {
    let kind = match key.public_params() {
        _ if key.version() < KeyVersion::V4 => "of an obsolete version".to_owned(),
        PublicParams::RSA(rsa) => {
            let bits = rsa_bits(rsa);
            if bits >= RSA_BITS_MIN {
                return Ok(());
            }
            format!("RSA of {bits} bits")
        }
        PublicParams::ECDSA(
            EcdsaPublicParams::P256 { .. }
            | EcdsaPublicParams::P384 { .. }
            | EcdsaPublicParams::P521 { .. },
        )
        | PublicParams::EdDSALegacy(EddsaLegacyPublicParams::Ed25519 { .. })
        | PublicParams::Ed25519(_)
        | PublicParams::Ed448(_) => return Ok(()),
        _ => format!("{:?}", key.algorithm()),
    };
    Err(Rejection::WeakKey { key: name.to_owned(), kind })
}

fn rsa_bits(key: &RsaPublicParams) -> usize {
    // The modulus comes first when written, and a number is written with its length in bits before it.
    match key.to_bytes().as_deref() {
        Ok([high, low, ..]) => usize::from(u16::from_be_bytes([*high, *low])),
        _ => 0,
    }
}
