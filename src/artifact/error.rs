//! Why an artifact could not be looked into.

use std::error::Error;
use std::path::{Path, PathBuf};

use crate::progress::human_bytes;

/// Why an artifact could not be looked into.
#[derive(Debug, thiserror::Error)]
pub enum ArtifactError {
    /// It is a device, a pipe, a socket.
    #[error("{} is neither a file nor a directory", path.display())]
    Special {
        /// The artifact.
        path: PathBuf,
    },
    /// There are no bytes.
    #[error("{} is empty", path.display())]
    Empty {
        /// The artifact.
        path: PathBuf,
    },
    /// The first bytes are those of nothing that is known.
    #[error("{} is nothing that osb can look into", path.display())]
    Unknown {
        /// The artifact.
        path: PathBuf,
    },
    /// The filesystem is one that only the kernel reads.
    #[error("{}: the {name} at byte {offset} cannot be read without mounting it", path.display())]
    Filesystem {
        /// The artifact.
        path: PathBuf,
        /// The filesystem.
        name: &'static str,
        /// Where it begins.
        offset: u64,
    },
    /// There is nothing to read in the disk.
    #[error("{} has no partition with a filesystem", path.display())]
    NoFilesystem {
        /// The artifact.
        path: PathBuf,
    },
    /// There is no partition of this number.
    #[error("{} has no partition {number}", path.display())]
    NoPartition {
        /// The artifact.
        path: PathBuf,
        /// The number that was asked for.
        number: u32,
        /// The numbers that there are.
        known: Vec<u32>,
    },
    /// The file is shorter than its partitions.
    #[error("{} ends before its partition {number}", path.display())]
    Truncated {
        /// The artifact.
        path: PathBuf,
        /// The partition.
        number: u32,
    },
    /// The files inside claim to be far larger than could be.
    #[error(
        "{}: {} claim to hold {} of files",
        path.display(), human_bytes(*length), human_bytes(*claimed)
    )]
    Claims {
        /// The artifact.
        path: PathBuf,
        /// What the files claim to hold.
        claimed: u64,
        /// How large the artifact is.
        length: u64,
    },
    /// No build has left a summary.
    #[error("{} holds no summary of how it was built", path.display())]
    NoSummary {
        /// The artifact.
        path: PathBuf,
        /// Where it would be.
        place: PathBuf,
    },
    /// The directory to extract to holds something.
    #[error("{} holds something already", directory.display())]
    NotEmpty {
        /// The directory.
        directory: PathBuf,
    },
    /// What is inside cannot be read.
    #[error("read {}", path.display())]
    Damaged {
        /// The artifact.
        path: PathBuf,
        /// Why.
        source: Box<dyn Error + Send + Sync>,
    },
}

impl ArtifactError {
    /// Says that what is inside cannot be read.
    pub fn damaged(path: &Path, source: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Damaged { path: path.to_owned(), source: source.into() }
    }
}
