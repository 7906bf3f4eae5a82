//! What can go wrong in the store.

use std::io;
use std::path::{Path, PathBuf};

use crate::digest::Digest;

/// Why the store could not keep or find something.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The directory cannot be used as a store.
    #[error("open store {}", directory.display())]
    Open {
        /// The store's directory.
        directory: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The disk, the quota or the largest file size is used up.
    #[error("no space left for the store {}", directory.display())]
    Full {
        /// The store's directory.
        directory: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// Reading or writing failed.
    #[error("use store {}", directory.display())]
    Io {
        /// The store's directory.
        directory: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The bytes to be kept are not those that were announced.
    #[error("digest is {actual}, expected {expected}")]
    Digest {
        /// What was announced.
        expected: Digest,
        /// What came.
        actual: Digest,
    },
    /// There are more or fewer bytes than were announced.
    #[error("size is {actual} bytes, expected {expected}")]
    Size {
        /// What was announced.
        expected: u64,
        /// What came; at least this much if it was cut off.
        actual: u64,
    },
    /// The caller gave up while another process was making the same thing.
    #[error("gave up waiting for another process that makes the same file")]
    Cancelled,
}

impl StoreError {
    /// Sorts an input or output error of the store in `directory`.
    pub(crate) fn io(directory: &Path, source: io::Error) -> Self {
        let directory = directory.to_path_buf();
        match source.kind() {
            io::ErrorKind::StorageFull
            | io::ErrorKind::QuotaExceeded
            | io::ErrorKind::FileTooLarge => Self::Full { directory, source },
            _ => Self::Io { directory, source },
        }
    }
}
