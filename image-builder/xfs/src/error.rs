//! What can go wrong with a filesystem.

use std::io;

use tree::GuestPath;

/// Why a filesystem could not be planned, written or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The options contradict each other or the format.
    #[error("{reason}")]
    Option {
        /// What is wrong.
        reason: &'static str,
    },
    /// The tree does not fit.
    #[error("the tree needs {} MiB, {} MiB given", needed.div_ceil(1 << 20), given >> 20)]
    NoSpace {
        /// The smallest size that would do, in bytes.
        needed: u64,
        /// The size that was asked for, in bytes.
        given: u64,
    },
    /// The tree is larger than any filesystem that can be made.
    #[error("the tree needs more than 64 TiB")]
    TooLarge,
    /// The tree has more inodes than have numbers of 32 bits.
    #[error("the tree has more than 100 million inodes")]
    TooMany,
    /// A node has no form in the filesystem.
    #[error("{path} cannot be stored in xfs: {reason}")]
    NotInFormat {
        /// The node.
        path: GuestPath,
        /// Why not.
        reason: &'static str,
    },
    /// The content of a file could not be read.
    #[error("read content of {path}")]
    Content {
        /// The file.
        path: GuestPath,
        /// Why.
        source: io::Error,
    },
    /// The volume does not accept what is written.
    #[error("write the filesystem")]
    Write(#[source] io::Error),
    /// An image cannot be read, or holds another filesystem.
    #[error(transparent)]
    Read(#[from] volume::read::ReadError),
}
