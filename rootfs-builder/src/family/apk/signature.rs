//! RSA signatures of indexes and packages, each by a key that it names.

mod key;
#[cfg(test)]
mod tests;

use rsa::Pkcs1v15Sign;
use sha2::Digest as _;

pub use key::{KeyError, Keys};

use super::listing::{self, ListingError};

const NAME_PREFIX: &str = ".SIGN.";
/// Nobody signs with more keys, and each takes time.
const SIGNATURES_MAX: usize = 16;

/// Why a signature was not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// There is none.
    #[error("it has no signature")]
    Absent,
    /// All signatures are of kinds that are not accepted.
    #[error("it is signed in a way that is not supported: {names}")]
    Algorithm {
        /// The kinds and keys.
        names: String,
    },
    /// No key that is trusted here has signed it.
    #[error("it is signed by keys that are not trusted: {names}")]
    UnknownKey {
        /// The keys' names.
        names: String,
    },
    /// The signature is not one of these bytes by this key.
    #[error("the signature by {key} is wrong")]
    Wrong {
        /// The key's name.
        key: String,
    },
    /// What was signed is one half of an attack on SHA-1.
    #[error("it was made to have the SHA-1 digest of something else")]
    Collision,
}

/// The signatures that stand in front of what they sign.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Signatures(Vec<Signature>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct Signature {
    algorithm: String,
    key: String,
    bytes: Vec<u8>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    Sha1,
    Sha256,
    Sha512,
}

impl Signatures {
    /// Takes the signatures that a plain tar member holds; false if it holds something else.
    pub(super) fn take(&mut self, tar: &[u8]) -> Result<bool, ListingError> {
        let files = listing::files(tar)?;
        let is_signature = |name: &str| name.starts_with(NAME_PREFIX) && !name.contains('/');
        if files.is_empty() || !files.iter().any(|file| is_signature(&file.name)) {
            return Ok(false);
        }
        for file in files {
            let name = file.name.strip_prefix(NAME_PREFIX).unwrap_or_default();
            let Some((algorithm, key)) = name.split_once('.').filter(|_| is_signature(&file.name))
            else {
                return Err(ListingError::Unexpected { name: file.name });
            };
            if self.0.len() == SIGNATURES_MAX {
                return Err(ListingError::TooMany);
            }
            let bytes = tar[file.content].to_vec();
            self.0.push(Signature { algorithm: algorithm.into(), key: key.into(), bytes });
        }
        Ok(true)
    }

    /// The names of the keys that claim to have signed.
    pub fn signers(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|signature| signature.key.as_str())
    }

    /// Looks for one good signature of `message` by a trusted key, and returns the key's name.
    pub fn verify(&self, message: &[u8], keys: &Keys) -> Result<&str, SignatureError> {
        let mut failure = SignatureError::Absent;
        for signature in &self.0 {
            match signature.verify(message, keys) {
                Ok(()) => return Ok(&signature.key),
                Err(error) => failure = failure.or_worse(error),
            }
        }
        Err(failure)
    }
}

impl Signature {
    fn verify(&self, message: &[u8], keys: &Keys) -> Result<(), SignatureError> {
        let Some(algorithm) = Algorithm::named(&self.algorithm) else {
            let names = format!("{} by {}", shown(&self.algorithm), shown(&self.key));
            return Err(SignatureError::Algorithm { names });
        };
        let mut keys = keys.named(&self.key).peekable();
        if keys.peek().is_none() {
            return Err(SignatureError::UnknownKey { names: shown(&self.key) });
        }
        let digest = algorithm.digest(message)?;
        let is_good = keys.any(|key| key.verify(algorithm.scheme(), &digest, &self.bytes).is_ok());
        if is_good { Ok(()) } else { Err(SignatureError::Wrong { key: shown(&self.key) }) }
    }
}

impl SignatureError {
    /// Joins what is wrong with several signatures: what says most stays.
    fn or_worse(self, other: Self) -> Self {
        match (self, other) {
            (Self::Absent, other) => other,
            (Self::UnknownKey { names }, Self::UnknownKey { names: more }) => {
                Self::UnknownKey { names: format!("{names}, {more}") }
            }
            (Self::Algorithm { names }, Self::Algorithm { names: more }) => {
                Self::Algorithm { names: format!("{names}, {more}") }
            }
            (Self::Algorithm { .. }, other)
            | (Self::UnknownKey { .. }, other @ Self::Wrong { .. } | other @ Self::Collision) => {
                other
            }
            (first, _) => first,
        }
    }
}

impl Algorithm {
    fn named(name: &str) -> Option<Self> {
        match name {
            "RSA" => Some(Self::Sha1),
            "RSA256" => Some(Self::Sha256),
            "RSA512" => Some(Self::Sha512),
            _ => None,
        }
    }

    fn digest(self, message: &[u8]) -> Result<Vec<u8>, SignatureError> {
        match self {
            Self::Sha1 => {
                let result = sha1_checked::Sha1::try_digest(message);
                let is_attack = result.has_collision();
                if is_attack { Err(SignatureError::Collision) } else { Ok(result.hash().to_vec()) }
            }
            Self::Sha256 => Ok(sha2::Sha256::digest(message).to_vec()),
            Self::Sha512 => Ok(sha2::Sha512::digest(message).to_vec()),
        }
    }

    /// RSA PKCS#1 v1.5: a digest is signed behind its algorithm's name in DER (RFC 8017, 9.2).
    fn scheme(self) -> Pkcs1v15Sign {
        let (prefix, length): (&[u8], usize) = match self {
            Self::Sha1 => (b"\x30\x21\x30\x09\x06\x05\x2b\x0e\x03\x02\x1a\x05\x00\x04\x14", 20),
            Self::Sha256 => (
                b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20",
                32,
            ),
            Self::Sha512 => (
                b"\x30\x51\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x03\x05\x00\x04\x40",
                64,
            ),
        };
        Pkcs1v15Sign { hash_len: Some(length), prefix: prefix.into() }
    }
}

/// What a stranger wrote, short and on one line.
fn shown(name: &str) -> String {
    name.escape_debug().take(120).collect()
}
