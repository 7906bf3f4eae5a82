//! The plain files of a small tar archive in memory.

use std::io;
use std::ops::Range;

/// More than any control member has.
const FILES_MAX: usize = 256;

/// One file of the archive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct File {
    /// Its name as written.
    pub(super) name: String,
    /// Where its bytes are.
    pub(super) content: Range<usize>,
}

/// Why an archive of control files was refused.
#[derive(Debug, thiserror::Error)]
pub enum ListingError {
    /// It is not a tar archive, or cut off.
    #[error("it is not a whole tar archive")]
    Tar(#[source] io::Error),
    /// Something else than a file has no place there.
    #[error("{name:?} is not a plain file")]
    Kind {
        /// Its name.
        name: String,
    },
    /// A file has no place there.
    #[error("{name:?} has no place there")]
    Unexpected {
        /// Its name.
        name: String,
    },
    /// A file is there twice.
    #[error("{name:?} is there twice")]
    Repeated {
        /// Its name.
        name: String,
    },
    /// There are more files than anything sensible.
    #[error("it has too many files")]
    TooMany,
}

/// Lists the files in order; anything but plain files with names of their own is refused.
pub(super) fn files(tar: &[u8]) -> Result<Vec<File>, ListingError> {
    let mut files: Vec<File> = Vec::new();
    for entry in tar::Archive::new(tar).entries().map_err(ListingError::Tar)? {
        let entry = entry.map_err(ListingError::Tar)?;
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if !entry.header().entry_type().is_file() {
            return Err(ListingError::Kind { name });
        }
        if files.len() == FILES_MAX {
            return Err(ListingError::TooMany);
        }
        if files.iter().any(|file| file.name == name) {
            return Err(ListingError::Repeated { name });
        }
        let start = usize::try_from(entry.raw_file_position()).unwrap_or(usize::MAX);
        let end = start.saturating_add(usize::try_from(entry.size()).unwrap_or(usize::MAX));
        if end > tar.len() {
            return Err(ListingError::Tar(io::ErrorKind::UnexpectedEof.into()));
        }
        files.push(File { name, content: start..end });
    }
    Ok(files)
}
