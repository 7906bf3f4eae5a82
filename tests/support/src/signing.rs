//! OpenPGP keys, good ones and bad ones, and what they sign.

mod material;

pub(crate) use material::Stream;

use pgp::composed::{
    ArmorOptions, CleartextSignedMessage, DetachedSignature, SignedKeyDetails, SignedPublicKey,
    SignedPublicSubKey,
};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{
    self, KeyFlags, PubKeyInner, RevocationCode, Signature, SignatureConfig, SignatureType,
    Subpacket, SubpacketData, UserId,
};
use pgp::ser::Serialize;
use pgp::types::{
    Duration, KeyDetails, Password, SecretParams, SigningKey as Signer, Tag, Timestamp,
};

/// When every key was made: 2020-01-01.
const CREATED: u32 = 1_577_836_800;

/// The digest inside a signature.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignatureDigest {
    /// What archives use.
    Sha512,
    /// Good too.
    Sha256,
    /// Broken since 2017.
    Sha1,
    /// Broken since 2004.
    Md5,
}

/// What is wrong with the subkey that signs, if anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SubkeyState {
    /// Nothing.
    Good,
    /// It expired in 2021.
    Expired,
    /// Its owner took it back.
    Revoked,
    /// It never said that it belongs to the primary key.
    NoBackSignature,
    /// It was not made for signing.
    EncryptionOnly,
}

/// A key that signs archives. The name decides the key.
#[derive(Debug, Clone)]
pub struct SigningKey {
    name: String,
    lifetime: Option<u32>,
    revoked: bool,
    digest: SignatureDigest,
    signed_at: u32,
    signature_lifetime: Option<u32>,
    binding_digest: HashAlgorithm,
    subkey: Option<SubkeyState>,
    material: fn(&str) -> (PubKeyInner, SecretParams),
}

impl SigningKey {
    /// A good key.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.into(),
            lifetime: None,
            revoked: false,
            digest: SignatureDigest::Sha512,
            signed_at: 1_735_689_600,
            signature_lifetime: None,
            binding_digest: HashAlgorithm::Sha512,
            subkey: None,
            material: material::ed25519,
        }
    }

    /// An RSA key of 2048 bits instead of an Ed25519 one.
    pub fn rsa(mut self) -> Self {
        self.material = material::rsa;
        self
    }

    /// An RSA key of 1024 bits, which can be broken.
    pub fn short_rsa(mut self) -> Self {
        self.material = material::short_rsa;
        self
    }

    /// Only a signature by SHA-1 binds the key to its owner; with RSA, because Ed25519 refuses it.
    pub fn weakly_bound(mut self) -> Self {
        self.binding_digest = HashAlgorithm::Sha1;
        self.rsa()
    }

    /// What the key signs holds for a day.
    pub fn signs_for_a_day(mut self) -> Self {
        self.signature_lifetime = Some(86_400);
        self
    }

    /// The key expired in 2021.
    pub fn expired(mut self) -> Self {
        self.lifetime = Some(365 * 86_400);
        self
    }

    /// The key was revoked by its owner.
    pub fn revoked(mut self) -> Self {
        self.revoked = true;
        self
    }

    /// Signs with another digest than SHA-512; weak ones with RSA, because Ed25519 refuses them.
    pub fn digest(mut self, digest: SignatureDigest) -> Self {
        self.digest = digest;
        if matches!(digest, SignatureDigest::Sha1 | SignatureDigest::Md5) {
            return self.rsa();
        }
        self
    }

    /// Signs at another time than 2025-01-01, in seconds since 1970.
    pub fn signed_at(mut self, seconds: u32) -> Self {
        self.signed_at = seconds;
        self
    }

    /// Signs with a subkey, as real archives do.
    pub fn subkey(mut self, state: SubkeyState) -> Self {
        self.subkey = Some(state);
        self
    }

    /// The public key as `.asc`.
    pub fn public_armored(&self) -> String {
        self.certificate().to_armored_string(ArmorOptions::default()).unwrap()
    }

    /// The public key as `.gpg`.
    pub fn public_binary(&self) -> Vec<u8> {
        self.certificate().to_bytes().unwrap()
    }

    /// The fingerprint of the primary key, in upper case.
    pub fn fingerprint(&self) -> String {
        self.primary().fingerprint().to_string().to_uppercase()
    }

    /// Signs a text in the clear, as `InRelease`.
    pub fn sign_inline(&self, text: &str) -> String {
        sign_inline(&[self], text)
    }

    /// Signs apart, as `Release.gpg`.
    pub fn sign_detached(&self, bytes: &[u8]) -> String {
        DetachedSignature::new(self.signature(SignatureType::Binary, bytes))
            .to_armored_string(ArmorOptions::default())
            .unwrap()
    }

    fn signature(&self, kind: SignatureType, bytes: &[u8]) -> Signature {
        match self.subkey {
            None => self.sign_with(&self.primary(), kind, bytes),
            Some(_) => self.sign_with(&self.secret_subkey(), kind, bytes),
        }
    }

    fn sign_with(&self, key: &impl Signer, kind: SignatureType, bytes: &[u8]) -> Signature {
        let lifetime = self.signature_lifetime.map(Duration::from_secs);
        let hashed = lifetime.map(SubpacketData::SignatureExpirationTime).into_iter().collect();
        config(key, kind, self.hash(), self.signed_at, hashed)
            .sign(key, &Password::empty(), bytes)
            .unwrap()
    }

    fn certificate(&self) -> SignedPublicKey {
        let primary = self.primary();
        let mut self_signed = vec![
            SubpacketData::KeyFlags(flags(|flags| {
                flags.set_certify(true);
                flags.set_sign(self.subkey.is_none());
            })),
            SubpacketData::IsPrimary(true),
        ];
        let lifetime = self.lifetime.map(Duration::from_secs);
        self_signed.extend(lifetime.map(SubpacketData::KeyExpirationTime));
        let id = UserId::from_str(Default::default(), format!("{} <{0}@example.org>", self.name))
            .unwrap();
        let kind = SignatureType::CertPositive;
        let certification = config(&primary, kind, self.binding_digest, CREATED, self_signed)
            .sign_certification(
                &primary,
                primary.public_key(),
                &Password::empty(),
                Tag::UserId,
                &id,
            )
            .unwrap();
        let users = vec![id.into_signed(certification)];
        let revocations = self.revocations(&primary);
        let details = SignedKeyDetails::new(revocations, Vec::new(), users, Vec::new());
        let subkeys = self.subkey.map(|state| self.bound_subkey(&primary, state));
        SignedPublicKey::new(primary.public_key().clone(), details, subkeys.into_iter().collect())
    }

    fn revocations(&self, primary: &packet::SecretKey) -> Vec<Signature> {
        if !self.revoked {
            return Vec::new();
        }
        let reason =
            SubpacketData::RevocationReason(RevocationCode::KeyCompromised, Vec::new().into());
        let config = certify_config(primary, SignatureType::KeyRevocation, vec![reason]);
        vec![config.sign_key(primary, &Password::empty(), primary.public_key()).unwrap()]
    }

    fn bound_subkey(&self, primary: &packet::SecretKey, state: SubkeyState) -> SignedPublicSubKey {
        let subkey = self.secret_subkey();
        let none = Password::empty();
        let mut bound = vec![SubpacketData::KeyFlags(flags(|flags| match state {
            SubkeyState::EncryptionOnly => flags.set_encrypt_storage(true),
            _ => flags.set_sign(true),
        }))];
        if state == SubkeyState::Expired {
            bound.push(SubpacketData::KeyExpirationTime(Duration::from_secs(365 * 86_400)));
        }
        if !matches!(state, SubkeyState::NoBackSignature | SubkeyState::EncryptionOnly) {
            let back = certify_config(&subkey, SignatureType::KeyBinding, Vec::new())
                .sign_primary_key_binding(&subkey, subkey.public_key(), &none, primary.public_key())
                .unwrap();
            bound.push(SubpacketData::EmbeddedSignature(Box::new(back)));
        }
        let mut signatures = vec![bind(primary, &subkey, SignatureType::SubkeyBinding, bound)];
        if state == SubkeyState::Revoked {
            let reason =
                SubpacketData::RevocationReason(RevocationCode::KeyCompromised, Vec::new().into());
            let kind = SignatureType::SubkeyRevocation;
            signatures.insert(0, bind(primary, &subkey, kind, vec![reason]));
        }
        SignedPublicSubKey::new(subkey.public_key().clone(), signatures)
    }

    fn primary(&self) -> packet::SecretKey {
        let (public, secret) = (self.material)(&self.name);
        packet::SecretKey::new(packet::PublicKey::from_inner(public).unwrap(), secret).unwrap()
    }

    fn secret_subkey(&self) -> packet::SecretSubkey {
        let (public, secret) = (self.material)(&format!("{} subkey", self.name));
        packet::SecretSubkey::new(packet::PublicSubkey::from_inner(public).unwrap(), secret)
            .unwrap()
    }

    fn hash(&self) -> HashAlgorithm {
        match self.digest {
            SignatureDigest::Sha512 => HashAlgorithm::Sha512,
            SignatureDigest::Sha256 => HashAlgorithm::Sha256,
            SignatureDigest::Sha1 => HashAlgorithm::Sha1,
            SignatureDigest::Md5 => HashAlgorithm::Md5,
        }
    }
}

/// Signs a text in the clear with several keys.
pub fn sign_inline(keys: &[&SigningKey], text: &str) -> String {
    // The line end before the signature is not part of the text.
    let text = text.strip_suffix('\n').unwrap_or(text);
    let message = CleartextSignedMessage::new_many(text, |normalized| {
        let sign = |key: &&SigningKey| key.signature(SignatureType::Text, normalized.as_bytes());
        Ok(keys.iter().map(sign).collect())
    });
    message.unwrap().to_armored_string(ArmorOptions::default()).unwrap()
}

fn bind(
    primary: &packet::SecretKey,
    subkey: &packet::SecretSubkey,
    kind: SignatureType,
    hashed: Vec<SubpacketData>,
) -> Signature {
    certify_config(primary, kind, hashed)
        .sign_subkey_binding(primary, primary.public_key(), &Password::empty(), subkey.public_key())
        .unwrap()
}

fn certify_config(
    key: &impl Signer,
    kind: SignatureType,
    hashed: Vec<SubpacketData>,
) -> SignatureConfig {
    config(key, kind, HashAlgorithm::Sha512, CREATED, hashed)
}

fn config(
    key: &impl Signer,
    kind: SignatureType,
    hash: HashAlgorithm,
    created: u32,
    hashed: Vec<SubpacketData>,
) -> SignatureConfig {
    let mut config = SignatureConfig::v4(kind, key.algorithm(), hash);
    let always = [
        SubpacketData::SignatureCreationTime(Timestamp::from_secs(created)),
        SubpacketData::IssuerFingerprint(key.fingerprint()),
    ];
    config.hashed_subpackets =
        always.into_iter().chain(hashed).map(|data| Subpacket::regular(data).unwrap()).collect();
    let issuer = SubpacketData::IssuerKeyId(key.legacy_key_id());
    config.unhashed_subpackets = vec![Subpacket::regular(issuer).unwrap()];
    config
}

fn flags(set: impl FnOnce(&mut KeyFlags)) -> KeyFlags {
    let mut flags = KeyFlags::default();
    set(&mut flags);
    flags
}
