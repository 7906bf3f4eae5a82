//! What can go wrong when a filesystem is written or read.

use std::io;
use std::path::PathBuf;

use tree::GuestPath;

/// Why a filesystem was not written or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The options ask for what the format does not have.
    #[error("squashfs options: {0}")]
    Options(&'static str),
    /// The format cannot hold a node.
    #[error("{path} cannot be stored in a squashfs")]
    Refused {
        /// The node.
        path: GuestPath,
        /// Why not.
        source: Refusal,
    },
    /// The whole tree is too large for the format.
    #[error("the tree is too large for a squashfs: {0}")]
    TooLarge(&'static str),
    /// The content of a file could not be read.
    #[error("read content of {path}")]
    Content {
        /// The file.
        path: GuestPath,
        /// Why.
        source: io::Error,
    },
    /// A block could not be compressed.
    #[error("compress")]
    Compress(#[source] io::Error),
    /// The filesystem could not be written where it should be.
    #[error("write squashfs")]
    Output(#[source] io::Error),
    /// A filesystem could not be read.
    #[error("read squashfs in {file}")]
    Image {
        /// The file that holds it.
        file: PathBuf,
        /// What is wrong with it.
        source: Fault,
    },
}

/// Why the format cannot hold a node.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The time is before 1970 or after 2106.
    #[error("its time of {0} s since 1970 is not from 1970 to 2106")]
    Time(i64),
    /// The extended attribute is none of `user.`, `trusted.` and `security.`.
    #[error("the format has no place for the extended attribute {0:?}")]
    XattrName(String),
    /// The value of an extended attribute is larger than the kernel reads.
    #[error("the extended attribute {0:?} has more than 65536 bytes")]
    XattrValue(String),
    /// The major number is over 4095 or the minor number over 1048575.
    #[error("the device number {major}:{minor} is too large")]
    Device {
        /// Major number.
        major: u32,
        /// Minor number.
        minor: u32,
    },
    /// The target of the symbolic link is empty, or longer than 4095 bytes.
    #[error("a symbolic link of {0} bytes")]
    Symlink(usize),
    /// The file has more blocks than are kept in memory.
    #[error("a file of {0} bytes is too large at this block size")]
    FileSize(u64),
    /// More than 65,535 different owners and groups came before.
    #[error("there are more than 65535 different owners and groups")]
    Owners,
}

/// What is wrong with a filesystem that was to be read.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The file cannot be read.
    #[error("read")]
    Io(#[from] io::Error),
    /// There is no SquashFS here.
    #[error("this is no squashfs")]
    Magic,
    /// Another version than 4.0, which is the only one since 2009.
    #[error("version {0}.{1} is not supported")]
    Version(u16, u16),
    /// An algorithm that cannot be undone here.
    #[error("the compression {0} is not supported")]
    Compression(&'static str),
    /// Something contradicts the format.
    #[error("{0}")]
    Corrupt(&'static str),
    /// A block cannot be decompressed.
    #[error("decompress the block at byte {at}")]
    Decompress {
        /// Where it begins.
        at: u64,
        /// Why.
        source: io::Error,
    },
    /// An entry contradicts the format.
    #[error("{path}: {what}")]
    Entry {
        /// The directory entry.
        path: GuestPath,
        /// What is wrong with it.
        what: &'static str,
    },
    /// The entries make no tree.
    #[error("make a tree of the entries")]
    Tree(#[from] tree::Error),
}
