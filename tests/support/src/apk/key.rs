//! RSA keys, and what they sign.

use std::collections::BTreeMap;
use std::sync::Mutex;

use rsa::pkcs8::{EncodePrivateKey, EncodePublicKey, LineEnding};
use rsa::{Pkcs1v15Sign, RsaPrivateKey, RsaPublicKey};
use sha1::Digest;

use crate::Entry;
use crate::signing::Stream;

/// The digest below a signature, which the name of its member tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureKind {
    /// `.SIGN.RSA.`: SHA-1.
    Rsa,
    /// `.SIGN.RSA256.`: SHA-256.
    Rsa256,
    /// `.SIGN.RSA512.`: SHA-512.
    Rsa512,
}

/// A key with the name that its file has below `etc/apk/keys`, less `.rsa.pub`.
#[derive(Debug, Clone)]
pub struct Key {
    name: String,
    secret: RsaPrivateKey,
}

impl Key {
    /// A key of 2048 bits, decided by its name.
    pub fn new(name: &str) -> Self {
        Self::of(2048, name, name)
    }

    /// A key of 1024 bits, decided by its name.
    pub fn short(name: &str) -> Self {
        Self::of(1024, name, name)
    }

    /// Another key that gives itself out as this one.
    pub fn impostor(&self) -> Self {
        Self::of(2048, &self.name, &format!("not {}", self.name))
    }

    /// Looking for primes takes a while, so what was found is kept.
    fn of(bits: usize, name: &str, seed: &str) -> Self {
        static KNOWN: Mutex<BTreeMap<(usize, String), RsaPrivateKey>> = Mutex::new(BTreeMap::new());
        let mut known = KNOWN.lock().unwrap();
        let found = known
            .entry((bits, seed.into()))
            .or_insert_with(|| RsaPrivateKey::new(&mut Stream::new(seed), bits).unwrap());
        Self { name: name.into(), secret: found.clone() }
    }

    /// The name of the public key's file.
    pub fn file_name(&self) -> String {
        format!("{}.rsa.pub", self.name)
    }

    /// The content of the public key's file.
    pub fn public_pem(&self) -> String {
        RsaPublicKey::from(&self.secret).to_public_key_pem(LineEnding::LF).unwrap()
    }

    /// The secret key, for tools that we did not write.
    pub fn secret_pem(&self) -> String {
        self.secret.to_pkcs8_pem(LineEnding::LF).unwrap().to_string()
    }

    /// The bare signature of some bytes.
    pub fn sign(&self, kind: SignatureKind, bytes: &[u8]) -> Vec<u8> {
        let (prefix, digest) = kind.digest(bytes);
        let scheme = Pkcs1v15Sign { hash_len: Some(digest.len()), prefix: prefix.into() };
        self.secret.sign(scheme, &digest).unwrap()
    }

    /// The gzip member that goes before the bytes that it signs.
    pub fn signature(&self, kind: SignatureKind, bytes: &[u8]) -> Vec<u8> {
        super::segment(&[self.signature_entry(kind, bytes)])
    }

    /// What is inside of such a member.
    pub fn signature_entry(&self, kind: SignatureKind, bytes: &[u8]) -> Entry {
        Entry::file(
            &format!(".SIGN.{}.{}", kind.word(), self.file_name()),
            self.sign(kind, bytes),
            0o644,
        )
    }
}

impl SignatureKind {
    /// How the name of the member says it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Rsa => "RSA",
            Self::Rsa256 => "RSA256",
            Self::Rsa512 => "RSA512",
        }
    }

    /// The digest and what names its kind before it (RFC 8017, 9.2).
    fn digest(self, bytes: &[u8]) -> (Vec<u8>, Vec<u8>) {
        let sha2 = |kind, length| {
            let start = [0x30, 17 + length, 0x30, 13, 6, 9, 0x60, 0x86, 0x48, 1, 0x65, 3, 4, 2];
            [&start[..], &[kind, 5, 0, 4, length]].concat()
        };
        match self {
            Self::Rsa => {
                let prefix = [0x30, 33, 0x30, 9, 6, 5, 0x2b, 0x0e, 3, 2, 0x1a, 5, 0, 4, 20];
                (prefix.into(), sha1::Sha1::digest(bytes).to_vec())
            }
            Self::Rsa256 => (sha2(1, 32), <sha2::Sha256 as sha2::Digest>::digest(bytes).to_vec()),
            Self::Rsa512 => (sha2(3, 64), <sha2::Sha512 as sha2::Digest>::digest(bytes).to_vec()),
        }
    }
}
