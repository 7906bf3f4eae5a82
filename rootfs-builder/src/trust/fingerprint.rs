//! How keys are named.

use std::fmt;
use std::str::FromStr;

use pgp::types::KeyDetails;

use super::TrustError;

/// The fingerprint of a key, in capital hexadecimal digits.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(String);

impl Fingerprint {
    pub(super) fn of(key: &impl KeyDetails) -> Self {
        Self(key.fingerprint().to_string().to_uppercase())
    }

    /// The capital hexadecimal digits.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl FromStr for Fingerprint {
    type Err = TrustError;

    fn from_str(text: &str) -> Result<Self, TrustError> {
        let digits: String = text.chars().filter(|digit| *digit != ' ').take(80).collect();
        let is_whole = matches!(digits.len(), 40 | 64);
        if !is_whole || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
            return Err(TrustError::Fingerprint(digits));
        }
        Ok(Self(digits.to_uppercase()))
    }
}
