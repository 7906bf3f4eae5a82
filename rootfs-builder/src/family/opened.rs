//! Packages whose members lie in the store as plain tar archives.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use distros::Family;

use super::{apk, deb};
use crate::store::{BlobId, Store};

/// How large the members of a package may become.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the plain control archive.
    pub control_bytes: u64,
    /// Bytes of the plain data archive.
    pub data_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { control_bytes: 64 << 20, data_bytes: 16 << 30 }
    }
}

/// A package's members as plain tar files in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenedPackage {
    /// The control files.
    pub control_tar: PathBuf,
    /// The files that the package installs.
    pub data_tar: Arc<Path>,
}

/// Why a package could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// One of the deb family.
    #[error(transparent)]
    Deb(#[from] deb::ArchiveError),
    /// One of the apk family.
    #[error(transparent)]
    Apk(#[from] apk::ArchiveError),
}

/// Opens the package `id`, which must be in the store: once, for the plain members are kept.
pub fn open_package(
    family: Family,
    store: &Store,
    id: BlobId,
    limits: Limits,
) -> Result<OpenedPackage, OpenError> {
    match family {
        Family::Apk => Ok(apk::archive::open_package(store, id, limits)?),
        Family::Deb => Ok(deb::archive::open_package(store, id, limits)?),
    }
}
