//! Identifiers that are not random: all follow from what an image is made of.

use sha2::{Digest as _, Sha256};

/// What all identifiers of an image follow from: a digest of what it is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identity([u8; 32]);

impl Identity {
    /// The identity of an image made of what has this digest.
    pub fn new(digest: [u8; 32]) -> Self {
        Self(digest)
    }

    /// Thirty-two bytes for one purpose.
    pub fn bytes(&self, purpose: &str) -> [u8; 32] {
        Sha256::new().chain_update(self.0).chain_update(purpose).finalize().into()
    }

    /// A UUID for one purpose, of the version that leaves its meaning to its maker.
    pub fn uuid(&self, purpose: &str) -> [u8; 16] {
        let bytes = self.bytes(purpose);
        let mut uuid: [u8; 16] = *bytes.first_chunk().unwrap_or(&[0; 16]);
        uuid[6] = uuid[6] & 0x0f | 0x80;
        uuid[8] = uuid[8] & 0x3f | 0x80;
        uuid
    }
}

#[cfg(test)]
mod tests {
    use super::Identity;

    #[test]
    fn purposes_have_different_identifiers_of_version_8() {
        let identity = Identity::new([7; 32]);
        let (first, second) = (identity.uuid("disk"), identity.uuid("filesystem"));
        assert_ne!(first, second);
        assert_eq!((first[6] >> 4, first[8] >> 6), (8, 2));
        assert_eq!(first, Identity::new([7; 32]).uuid("disk"));
    }
}
