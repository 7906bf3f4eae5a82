//! Secret numbers of keys, decided by a name.

use std::collections::BTreeMap;
use std::sync::Mutex;

use pgp::composed::KeyType;
use pgp::crypto::public_key::PublicKeyAlgorithm;
use pgp::packet::PubKeyInner;
use pgp::types::{KeyVersion, PublicParams, SecretParams, Timestamp};
use rand_core::{CryptoRng, Error, RngCore, impls};
use sha2::{Digest, Sha256};

use super::CREATED;

/// An Ed25519 key.
pub(super) fn ed25519(name: &str) -> (PubKeyInner, SecretParams) {
    let (public, secret) = KeyType::Ed25519Legacy.generate(Stream::new(name)).unwrap();
    (inner(PublicKeyAlgorithm::EdDSALegacy, public), secret)
}

/// An RSA key of 2048 bits.
pub(super) fn rsa(name: &str) -> (PubKeyInner, SecretParams) {
    rsa_of(2048, name)
}

/// An RSA key of 1024 bits.
pub(super) fn short_rsa(name: &str) -> (PubKeyInner, SecretParams) {
    rsa_of(1024, name)
}

/// Looking for primes takes a while, so what was found is kept.
fn rsa_of(bits: u32, name: &str) -> (PubKeyInner, SecretParams) {
    type Known = BTreeMap<(u32, String), (PublicParams, SecretParams)>;
    static KNOWN: Mutex<Known> = Mutex::new(BTreeMap::new());
    let mut known = KNOWN.lock().unwrap();
    let (public, secret) = known
        .entry((bits, name.into()))
        .or_insert_with(|| KeyType::Rsa(bits).generate(Stream::new(name)).unwrap());
    (inner(PublicKeyAlgorithm::RSA, public.clone()), secret.clone())
}

fn inner(algorithm: PublicKeyAlgorithm, public: PublicParams) -> PubKeyInner {
    PubKeyInner::new(KeyVersion::V4, algorithm, Timestamp::from_secs(CREATED), None, public)
        .unwrap()
}

/// Digests of a name and a counter: the same numbers for the same name, and no others.
pub(crate) struct Stream {
    seed: [u8; 32],
    counter: u64,
}

impl Stream {
    pub(crate) fn new(name: &str) -> Self {
        Self { seed: Sha256::digest(name.as_bytes()).into(), counter: 0 }
    }
}

impl RngCore for Stream {
    fn next_u32(&mut self) -> u32 {
        impls::next_u32_via_fill(self)
    }

    fn next_u64(&mut self) -> u64 {
        impls::next_u64_via_fill(self)
    }

    fn fill_bytes(&mut self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let digest =
                Sha256::new().chain_update(self.seed).chain_update(self.counter.to_le_bytes());
            chunk.copy_from_slice(&digest.finalize()[..chunk.len()]);
            self.counter += 1;
        }
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Error> {
        self.fill_bytes(bytes);
        Ok(())
    }
}

impl CryptoRng for Stream {}
