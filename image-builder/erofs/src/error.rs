//! What can go wrong with an image.

use std::io;
use std::path::PathBuf;

use tree::GuestPath;

/// Why an image could not be written or read.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// EROFS has no form for a node.
    #[error("{path} cannot be stored in erofs: {reason}")]
    NotInErofs {
        /// The node.
        path: GuestPath,
        /// Why not.
        reason: &'static str,
    },
    /// EROFS has no form for an extended attribute.
    #[error("attribute {name:?} of {path} cannot be stored in erofs: {reason}")]
    Attribute {
        /// The node.
        path: GuestPath,
        /// The attribute.
        name: String,
        /// Why not.
        reason: &'static str,
    },
    /// An option is not one of those that an image can be made with.
    #[error("wrong option: {0}")]
    Option(&'static str),
    /// The whole is larger than the format can address.
    #[error("the filesystem would be larger than 16 TiB")]
    TooLarge,
    /// The content of a file cannot be read or compressed.
    #[error("read content of {path}")]
    Content {
        /// The file.
        path: GuestPath,
        /// Why.
        source: io::Error,
    },
    /// The volume does not accept what is written.
    #[error("write filesystem")]
    Output(#[source] io::Error),
    /// An image cannot be opened or read.
    #[error("read {file}")]
    Open {
        /// The image.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// An image is damaged, or of a kind that is not read here.
    #[error("{file}: at {path}")]
    Image {
        /// The image.
        file: PathBuf,
        /// What was being read.
        path: GuestPath,
        /// What is wrong.
        source: Fault,
    },
}

/// What is wrong with an image.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// There is no filesystem, or another one.
    #[error("no erofs filesystem is here")]
    NotErofs,
    /// The superblock was changed after it was written.
    #[error("the checksum of the superblock is wrong")]
    Checksum,
    /// Something valid that this reader does not know.
    #[error("{0} is not supported")]
    Unsupported(&'static str),
    /// Something that no sound image has.
    #[error("{0}")]
    Damaged(&'static str),
    /// What was found does not form a tree.
    #[error(transparent)]
    Tree(#[from] tree::Error),
    /// The file ends early or cannot be read.
    #[error("read image")]
    Read(#[source] io::Error),
}
