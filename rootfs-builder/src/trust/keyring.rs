//! The keys that are trusted.

use pgp::armor::BlockType;
use pgp::composed::{Deserializable, SignedPublicKey};

use super::{Fingerprint, TrustError, armor};

const KEYS_SIZE_MAX: usize = 4 << 20;

/// The public keys that are trusted for one purpose.
#[derive(Debug, Clone, Default)]
pub struct Keyring {
    pub(super) certificates: Vec<SignedPublicKey>,
}

impl Keyring {
    /// Reads the keys of a file: armored, in one block or several, or binary.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, TrustError> {
        if bytes.len() > KEYS_SIZE_MAX {
            return Err(TrustError::TooLarge { size: bytes.len(), limit: KEYS_SIZE_MAX });
        }
        let mut certificates = Vec::new();
        let mut problem = None;
        let packets = armor::packets(bytes, BlockType::PublicKey).map_err(keys_error)?;
        for result in SignedPublicKey::from_bytes_many(packets.as_slice()).map_err(keys_error)? {
            match result {
                Ok(certificate) => certificates.push(certificate),
                Err(source) => problem = Some(source),
            }
        }
        // A key of a kind that we do not know cannot vouch for anything, and does no harm beside others.
        match (certificates.is_empty(), problem) {
            (true, Some(source)) => Err(keys_error(source)),
            (true, None) => Err(TrustError::NoKeys),
            (false, _) => Ok(Self { certificates }),
        }
    }

    /// Adds the keys of another ring.
    pub fn extend(&mut self, other: Self) {
        self.certificates.extend(other.certificates);
    }

    /// Keeps only what has one of these fingerprints, as primary key or as subkey.
    pub fn restrict_to(&mut self, fingerprints: &[Fingerprint]) {
        self.certificates.retain(|certificate| {
            let subkeys = certificate.public_subkeys.iter().map(Fingerprint::of);
            subkeys.chain([Fingerprint::of(certificate)]).any(|own| fingerprints.contains(&own))
        });
    }

    /// The fingerprints of the primary keys.
    pub fn fingerprints(&self) -> Vec<Fingerprint> {
        self.certificates.iter().map(Fingerprint::of).collect()
    }
}

fn keys_error(source: pgp::errors::Error) -> TrustError {
    TrustError::Keys { source: Box::new(source) }
}
