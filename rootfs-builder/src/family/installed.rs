//! What a guest's own package database says is installed, whoever installed it.

use std::io;

use tree::{GuestPath, Kind, Tree};

use super::{apk, deb};

/// A package that is installed in a guest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
    /// Its architecture.
    pub architecture: String,
    /// The files that it owns and the guest has, as the guest's links lead to them.
    pub files: Vec<GuestPath>,
}

/// Why a guest's package database could not be read.
#[derive(Debug, thiserror::Error)]
pub enum InstalledError {
    /// A file of the database cannot be read.
    #[error("read {path} of the guest's package database")]
    Read {
        /// The file.
        path: GuestPath,
        /// Why.
        source: io::Error,
    },
    /// A file of the database is not what it should be.
    #[error("{path} of the guest's package database: {problem}")]
    Damaged {
        /// The file.
        path: GuestPath,
        /// What is wrong.
        problem: String,
    },
    /// The lists of files are larger than those of any guest.
    #[error("the guest's package database lists more than {limit} bytes of file names")]
    TooLarge {
        /// What was allowed.
        limit: u64,
    },
}

type Reader = fn(&Tree) -> Result<Option<Vec<Installed>>, InstalledError>;

/// One line for each family.
const READERS: [Reader; 2] = [deb::installed, apk::installed];

/// Reads what is installed, sorted by name; none if the guest has no database that is known.
pub fn installed(tree: &Tree) -> Result<Option<Vec<Installed>>, InstalledError> {
    for reader in READERS {
        if let Some(mut found) = reader(tree)? {
            found.sort_by(|a, b| (&a.name, &a.architecture).cmp(&(&b.name, &b.architecture)));
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// Reads a file of a guest, through its links; none if it has no such file.
pub(super) fn read_file(
    tree: &Tree,
    path: &GuestPath,
    limit: u64,
) -> Result<Option<Vec<u8>>, InstalledError> {
    let Ok(place) = tree.resolve(path) else { return Ok(None) };
    let Some(Kind::File(content)) = tree.inode(&place).map(|node| &node.kind) else {
        return Ok(None);
    };
    let unreadable = |source| InstalledError::Read { path: path.clone(), source };
    content.read(limit).map(Some).map_err(unreadable)
}
