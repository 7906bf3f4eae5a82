//! Why something signed is not trusted.

use std::fmt;

use crate::utc;

/// A text is not trusted, or keys could not be read.
#[derive(Debug, thiserror::Error)]
pub enum TrustError {
    /// The input is larger than any honest one.
    #[error("{size} bytes are more than the {limit} that are read")]
    TooLarge {
        /// Its size.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// The text is not clear-signed as RFC 9580 has it.
    #[error("not a clear-signed text: {problem}")]
    Malformed {
        /// What is wrong with it.
        problem: &'static str,
    },
    /// The signatures cannot be parsed.
    #[error("read signatures")]
    Signatures {
        /// What the parser says.
        source: Box<pgp::errors::Error>,
    },
    /// There is nothing but the text.
    #[error("there is no signature")]
    NotSigned,
    /// There are more signatures than any honest text has.
    #[error("there are more than {limit} signatures")]
    TooManySignatures {
        /// The limit.
        limit: usize,
    },
    /// The public keys cannot be parsed.
    #[error("read public keys")]
    Keys {
        /// What the parser says.
        source: Box<pgp::errors::Error>,
    },
    /// There is no public key where keys were expected.
    #[error("there is no public key")]
    NoKeys,
    /// The text is not a fingerprint.
    #[error("{0:?} is not the fingerprint of a key (40 or 64 hexadecimal digits)")]
    Fingerprint(String),
    /// No signature is good.
    #[error("no trusted signature: {}", join(rejections))]
    Untrusted {
        /// Why not, for each signature in turn.
        rejections: Vec<Rejection>,
    },
}

/// Why one signature does not count. Keys are named by fingerprint, or by key id when not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejection {
    /// The key that made it is not among the trusted ones.
    UnknownKey {
        /// The key.
        key: String,
    },
    /// It rests on a digest for which other texts can be found.
    WeakDigest {
        /// The key.
        key: String,
        /// The digest's name.
        digest: String,
    },
    /// It was made by a key that can be broken.
    WeakKey {
        /// The key.
        key: String,
        /// What kind of key it is.
        kind: String,
    },
    /// The key has been revoked.
    KeyRevoked {
        /// The key.
        key: String,
    },
    /// The key has expired.
    KeyExpired {
        /// The key.
        key: String,
        /// When, in seconds since 1970.
        at: i64,
    },
    /// Nothing valid binds the key to its owner.
    KeyNotBound {
        /// The key.
        key: String,
    },
    /// The key's owner does not allow it to sign.
    KeyNotForSigning {
        /// The key.
        key: String,
    },
    /// The signature has expired.
    Expired {
        /// The key.
        key: String,
        /// When, in seconds since 1970.
        at: i64,
    },
    /// The signature is dated in the future.
    FromFuture {
        /// The key.
        key: String,
        /// Its date, in seconds since 1970.
        at: i64,
    },
    /// The signature is not one of this text.
    Wrong {
        /// The key.
        key: String,
    },
    /// The signature is of a kind that does not count here.
    Unsupported {
        /// The key.
        key: String,
        /// What is not supported.
        what: &'static str,
    },
}

impl fmt::Display for Rejection {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownKey { key } => write!(formatter, "key {key} is not a trusted one"),
            Self::WeakDigest { key, digest } => {
                write!(formatter, "the signature of key {key} uses {digest}, which is too weak")
            }
            Self::WeakKey { key, kind } => {
                write!(formatter, "key {key} is {kind}, which is too weak")
            }
            Self::KeyRevoked { key } => write!(formatter, "key {key} is revoked"),
            Self::KeyExpired { key, at } => {
                write!(formatter, "key {key} expired on {}", utc::format(*at))
            }
            Self::KeyNotBound { key } => {
                write!(formatter, "key {key} has no valid signature of its own")
            }
            Self::KeyNotForSigning { key } => write!(formatter, "key {key} is not for signing"),
            Self::Expired { key, at } => {
                write!(formatter, "the signature of key {key} expired on {}", utc::format(*at))
            }
            Self::FromFuture { key, at } => {
                write!(
                    formatter,
                    "the signature of key {key} is of {}, which is yet to come",
                    utc::format(*at)
                )
            }
            Self::Wrong { key } => {
                write!(formatter, "the signature of key {key} is not one of this text")
            }
            Self::Unsupported { key, what } => {
                write!(formatter, "the signature of key {key} has {what}")
            }
        }
    }
}

fn join(rejections: &[Rejection]) -> String {
    rejections.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}
