//! Public keys, found by the names of their files.

use distros::Key;
use rsa::RsaPublicKey;
use rsa::pkcs8::{DecodePublicKey as _, spki};
use rsa::traits::PublicKeyParts as _;

/// What every name of a key ends with.
const SUFFIX: &str = ".rsa.pub";
/// Shorter keys can be broken.
const BITS_MIN: usize = 2048;

/// The keys that are trusted.
#[derive(Debug, Clone, Default)]
pub struct Keys(Vec<Named>);

#[derive(Debug, Clone)]
struct Named {
    name: String,
    key: RsaPublicKey,
}

/// Why a key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// It is not text.
    #[error("key {name} is not a public key in PEM form")]
    NotText {
        /// The key's name.
        name: String,
    },
    /// It is not an RSA key, or not in the form of one.
    #[error("key {name} is not an RSA public key in PEM form")]
    Malformed {
        /// The key's name.
        name: String,
        /// The cause.
        source: spki::Error,
    },
    /// It is too short to be trusted.
    #[error("key {name} has {bits} bits, fewer than {BITS_MIN}: it is not safe")]
    Weak {
        /// The key's name.
        name: String,
        /// How long it is.
        bits: usize,
    },
}

impl Keys {
    /// Reads keys in PEM form, as `/etc/apk/keys` holds them.
    pub fn new(keys: &[Key]) -> Result<Self, KeyError> {
        keys.iter().map(read).collect::<Result<_, _>>().map(Self)
    }

    /// The keys' names, as files in `/etc/apk/keys` have them.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|named| named.name.as_str())
    }

    /// All keys of this name: two repositories may use the same one.
    pub(super) fn named(&self, name: &str) -> impl Iterator<Item = &RsaPublicKey> {
        let named = self.0.iter().filter(move |named| named.name == name);
        named.map(|named| &named.key)
    }
}

/// The name that signatures call a key by, with or without its ending.
fn full_name(name: &str) -> String {
    let name = name.strip_suffix(".pub").unwrap_or(name);
    format!("{}{SUFFIX}", name.strip_suffix(".rsa").unwrap_or(name))
}

fn read(key: &Key) -> Result<Named, KeyError> {
    let name = full_name(&key.name);
    let Ok(text) = std::str::from_utf8(&key.bytes) else { return Err(KeyError::NotText { name }) };
    let key = match RsaPublicKey::from_public_key_pem(text.trim()) {
        Ok(key) => key,
        Err(source) => return Err(KeyError::Malformed { name, source }),
    };
    match key.n().bits() {
        bits if bits < BITS_MIN => Err(KeyError::Weak { name, bits }),
        _ => Ok(Named { name, key }),
    }
}
