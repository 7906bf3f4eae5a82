//! `.PKGINFO`, as far as it is believed before a package is installed: lines of `name = value`.

use crate::digest::{Digest, DigestError};

use super::index::is_package_name;
use super::version;

/// Real ones have a few thousand bytes.
const BYTES_MAX: usize = 4 << 20;

/// What a package says it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PkgInfo {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// The architecture that it is for: `noarch` for all.
    pub arch: String,
    /// The SHA-256 digest of its data member.
    pub data_hash: Digest,
}

/// Why a `.PKGINFO` was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PkgInfoError {
    /// It is larger than any real one.
    #[error(".PKGINFO has more than {BYTES_MAX} bytes")]
    TooLarge,
    /// It is not text.
    #[error(".PKGINFO is not text")]
    NotText,
    /// It lacks something.
    #[error(".PKGINFO has no {0}")]
    Absent(&'static str),
    /// It says something twice, and which is meant is anyone's guess.
    #[error(".PKGINFO has more than one {0}")]
    Repeated(&'static str),
    /// It has a value that no package may have.
    #[error(".PKGINFO has an improper {field}: {value:?}")]
    Improper {
        /// The field's name.
        field: &'static str,
        /// The value, cut.
        value: String,
    },
    /// What it says to be the digest of the data is no digest.
    #[error(".PKGINFO has an improper datahash")]
    DataHash(#[source] DigestError),
}

impl PkgInfo {
    /// Reads it.
    pub fn parse(bytes: &[u8]) -> Result<Self, PkgInfoError> {
        if bytes.len() > BYTES_MAX {
            return Err(PkgInfoError::TooLarge);
        }
        let text = std::str::from_utf8(bytes).map_err(|_| PkgInfoError::NotText)?;
        let name = checked(text, "pkgname", is_package_name)?;
        let version = checked(text, "pkgver", version::is_valid)?;
        let arch = checked(text, "arch", is_package_name)?;
        let data_hash = value(text, "datahash")?.parse().map_err(PkgInfoError::DataHash)?;
        Ok(Self { name, version, arch, data_hash })
    }
}

/// The lines of a `.PKGINFO`, as names and values; what apk passes over is not among them.
pub fn fields(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let lines = text.split('\n').filter(|line| !line.starts_with('#'));
    lines.filter_map(|line| line.split_once(" = "))
}

fn value<'a>(text: &'a str, field: &'static str) -> Result<&'a str, PkgInfoError> {
    let mut values = fields(text).filter(|(name, _)| *name == field);
    let (_, value) = values.next().ok_or(PkgInfoError::Absent(field))?;
    if values.next().is_some() { Err(PkgInfoError::Repeated(field)) } else { Ok(value) }
}

fn checked(
    text: &str,
    field: &'static str,
    is_proper: fn(&str) -> bool,
) -> Result<String, PkgInfoError> {
    let value = value(text, field)?;
    if is_proper(value) {
        return Ok(value.to_owned());
    }
    Err(PkgInfoError::Improper { field, value: value.chars().take(80).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(change: impl Fn(&str) -> String) -> Result<PkgInfo, PkgInfoError> {
        let hash = Digest::of("");
        PkgInfo::parse(
            change(&format!(
                "# Made by a test\npkgname = hello\npkgver = 1.0-r0\npkgdesc = a = b\n\
                 arch = noarch\ndepend = other>1\ndatahash = {hash}\n"
            ))
            .as_bytes(),
        )
    }

    #[test]
    fn what_a_package_says_of_itself_is_read() {
        let expected = PkgInfo {
            name: "hello".into(),
            version: "1.0-r0".into(),
            arch: "noarch".into(),
            data_hash: Digest::of(""),
        };
        assert_eq!(info(str::to_owned), Ok(expected));
    }

    #[test]
    fn what_a_package_must_say_is_missed() {
        for field in ["pkgname", "pkgver", "arch", "datahash"] {
            let without = |text: &str| text.replace(field, "#");
            assert_eq!(info(without), Err(PkgInfoError::Absent(field)));
            let twice = |text: &str| format!("{text}{field} = 1\n");
            assert_eq!(info(twice), Err(PkgInfoError::Repeated(field)));
        }
    }

    #[test]
    fn a_name_that_leaves_its_directory_is_refused() {
        for (good, bad) in [
            ("= hello", "= ../hello"),
            ("= hello", "= .hello"),
            ("= hello", "= "),
            ("= 1.0-r0", "= 1.0/r0"),
            ("= 1.0-r0", "= 1.0-r0 "),
            ("= noarch", "= ../noarch"),
        ] {
            let refused = info(|text| text.replace(good, bad));
            assert!(matches!(refused, Err(PkgInfoError::Improper { .. })), "{bad}: {refused:?}");
        }
        let refused = info(|text| text.replace("datahash = ", "datahash = 0"));
        assert!(matches!(refused, Err(PkgInfoError::DataHash(_))));
    }

    #[test]
    fn bytes_that_are_no_text_are_refused() {
        assert_eq!(PkgInfo::parse(b"pkgname = \xff\n"), Err(PkgInfoError::NotText));
        assert_eq!(PkgInfo::parse(&vec![b'#'; BYTES_MAX + 1]), Err(PkgInfoError::TooLarge));
    }
}
