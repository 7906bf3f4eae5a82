//! Checksums as apk writes them: `Q1` and a SHA-1 digest, or `Q2` and a SHA-256 digest, in base 64.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use sha1::Digest as _;

use crate::digest::Digest;

/// apk looks at no bit after the digest's last one, and some tools leave them set.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

/// The digest of a package's control member or of a file.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Checksum {
    /// `Q1`
    Sha1([u8; 20]),
    /// `Q2`
    Sha256([u8; 32]),
}

/// The text is not a checksum.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is not a checksum: Q1 or Q2 and a digest in base 64")]
pub struct ChecksumError(String);

impl Checksum {
    /// The SHA-1 checksum of `bytes`.
    pub fn sha1(bytes: impl AsRef<[u8]>) -> Self {
        Self::Sha1(sha1::Sha1::digest(bytes).into())
    }

    /// The SHA-256 checksum of `bytes`.
    pub fn sha256(bytes: impl AsRef<[u8]>) -> Self {
        Self::Sha256(*Digest::of(bytes).as_bytes())
    }

    /// Whether `bytes` have this checksum, and were not made to share it with something else.
    pub fn fits(&self, bytes: impl AsRef<[u8]>) -> bool {
        match self {
            Self::Sha1(digest) => {
                let result = sha1_checked::Sha1::try_digest(bytes);
                !result.has_collision() && result.hash()[..] == digest[..]
            }
            Self::Sha256(_) => Self::sha256(bytes) == *self,
        }
    }

    /// Reads a SHA-1 digest in hexadecimal, as packages have it for their files.
    pub fn from_sha1_hex(text: &[u8]) -> Result<Self, ChecksumError> {
        let refuse = || refused(&String::from_utf8_lossy(text));
        let mut digest = [0; 20];
        if text.len() != 2 * digest.len() {
            return Err(refuse());
        }
        for (byte, digits) in digest.iter_mut().zip(text.chunks_exact(2)) {
            let digit = |at: usize| char::from(digits[at]).to_digit(16);
            let (high, low) = digit(0).zip(digit(1)).ok_or_else(refuse)?;
            *byte = (high * 16 + low) as u8;
        }
        Ok(Self::Sha1(digest))
    }

    /// The digest's bytes.
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Sha1(digest) => digest,
            Self::Sha256(digest) => digest,
        }
    }
}

impl FromStr for Checksum {
    type Err = ChecksumError;

    fn from_str(text: &str) -> Result<Self, ChecksumError> {
        let refuse = || refused(text);
        let (kind, encoded) = text.split_at_checked(2).ok_or_else(refuse)?;
        // Three bytes more than fit: the decoder counts whole groups.
        let mut digest = [0; 36];
        let length = BASE64.decode_slice(encoded, &mut digest).map_err(|_| refuse())?;
        match kind {
            "Q1" => digest[..length].try_into().map(Self::Sha1).map_err(|_| refuse()),
            "Q2" => digest[..length].try_into().map(Self::Sha256).map_err(|_| refuse()),
            _ => Err(refuse()),
        }
    }
}

impl fmt::Display for Checksum {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = match self {
            Self::Sha1(_) => "Q1",
            Self::Sha256(_) => "Q2",
        };
        write!(formatter, "{kind}{}", BASE64.encode(self.as_bytes()))
    }
}

impl fmt::Debug for Checksum {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self}")
    }
}

fn refused(text: &str) -> ChecksumError {
    ChecksumError(text.chars().take(80).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_checksum_is_read_as_it_is_written() {
        let empty = "Q12jmj7l5rSw0yVb/vlWAYkK/YBwk=";
        assert_eq!(Checksum::sha1(b"").to_string(), empty);
        assert_eq!(empty.parse(), Ok(Checksum::sha1(b"")));
        let long = Checksum::sha256(b"text");
        assert_eq!(long.to_string().parse(), Ok(long));
        assert!(long.fits(b"text") && !long.fits(b"other"));
        assert!(Checksum::sha1(b"text").fits(b"text"));
    }

    #[test]
    fn bits_after_the_digest_do_not_matter() {
        assert_eq!("Q12jmj7l5rSw0yVb/vlWAYkK/YBwl=".parse(), Ok(Checksum::sha1(b"")));
    }

    #[test]
    fn a_digest_in_hexadecimal_is_the_same_digest() {
        let hex = b"da39a3ee5e6b4b0d3255bfef95601890afd80709";
        assert_eq!(Checksum::from_sha1_hex(hex), Ok(Checksum::sha1(b"")));
        assert!(Checksum::from_sha1_hex(&hex[1..]).is_err());
        assert!(Checksum::from_sha1_hex(&[b'+'; 40]).is_err());
    }

    #[test]
    fn a_digest_of_another_length_or_kind_is_refused() {
        let long = Checksum::sha256(b"").to_string();
        let texts = [
            "",
            "Q",
            "Q1",
            "Q12jmj7l5rSw0yVb/vlWAYkK/YBwk",
            "Q12jmj7l5rSw0yVb/vlWAYkK/YBwk=\n",
            "Q22jmj7l5rSw0yVb/vlWAYkK/YBwk=",
            "Q32jmj7l5rSw0yVb/vlWAYkK/YBwk=",
            "X1da39a3ee5e6b4b0d3255bfef95601890afd80709",
            "Qé",
        ];
        for text in texts
            .into_iter()
            .map(str::to_owned)
            .chain([long.replace("Q2", "Q1"), "Q1".to_owned() + &"A".repeat(4096)])
        {
            assert!(text.parse::<Checksum>().is_err(), "{text}");
        }
    }
}
