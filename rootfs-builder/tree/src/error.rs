//! What can go wrong with a tree and its conversions.

use std::io;
use std::path::PathBuf;

use crate::cpio;
use crate::path::{GuestPath, PathError};
use crate::tar::Fault;

/// Why a tree could not be changed, read or written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Some bytes are not a path inside the guest.
    #[error(transparent)]
    Path(#[from] PathError),
    /// Something other than a directory stands where a parent must be.
    #[error("{path} is needed as a directory but is none")]
    NotDirectory {
        /// What should be a directory.
        path: GuestPath,
    },
    /// A directory with entries would be replaced by something else.
    #[error("{path} is a directory that is not empty and cannot be replaced")]
    DirectoryInTheWay {
        /// The directory.
        path: GuestPath,
    },
    /// A hard link names a path that the tree does not hold.
    #[error("{path} is a hard link to {target}, which does not exist")]
    LinkTargetMissing {
        /// The link.
        path: GuestPath,
        /// What it names.
        target: GuestPath,
    },
    /// A hard link names a directory.
    #[error("{path} is a hard link to {target}, which is a directory")]
    LinkTargetDirectory {
        /// The link.
        path: GuestPath,
        /// What it names.
        target: GuestPath,
    },
    /// Symbolic links lead to each other, or too far.
    #[error("too many symbolic links on the way to {path}")]
    TooManySymlinks {
        /// The path that was to be resolved.
        path: GuestPath,
    },
    /// The content of a file could not be read.
    #[error("read content of {path}")]
    Content {
        /// The file.
        path: GuestPath,
        /// Why.
        source: io::Error,
    },
    /// A tar archive cannot be opened or read.
    #[error("read {file}")]
    TarFile {
        /// The archive.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A member of a tar archive is refused.
    #[error("{file}: member {member:?} at byte {offset}")]
    TarMember {
        /// The archive.
        file: PathBuf,
        /// The member as the archive spells it, as far as it is known.
        member: String,
        /// Where the member's header begins.
        offset: u64,
        /// What is wrong with it.
        source: Fault,
    },
    /// A node has no form in a tar archive.
    #[error("{path} cannot be stored in a tar archive: {reason}")]
    NotInTar {
        /// The node.
        path: GuestPath,
        /// Why not.
        reason: &'static str,
    },
    /// A cpio archive cannot be opened or read.
    #[error("read {file}")]
    CpioFile {
        /// The archive.
        file: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A member of a cpio archive is refused.
    #[error("{file}: member {member:?} at byte {offset}")]
    CpioMember {
        /// The archive.
        file: PathBuf,
        /// The member as the archive spells it, as far as it is known.
        member: String,
        /// Where the member's header begins.
        offset: u64,
        /// What is wrong with it.
        source: cpio::Fault,
    },
    /// A node has no form in a cpio archive.
    #[error("{path} cannot be stored in a cpio archive: {reason}")]
    NotInCpio {
        /// The node.
        path: GuestPath,
        /// Why not.
        reason: &'static str,
    },
    /// An output stream does not accept what is written.
    #[error("write")]
    Output(#[source] io::Error),
    /// A step of writing, reading or removing a directory did not work.
    #[error("{action} {path} of {directory}")]
    Directory {
        /// The directory on the host.
        directory: PathBuf,
        /// What was to be done.
        action: &'static str,
        /// With which path in it.
        path: GuestPath,
        /// Why it did not work.
        source: io::Error,
    },
    /// Another file system is mounted inside the directory.
    #[error("{path} of {directory} is a mount point: unmount it first")]
    MountPoint {
        /// The directory on the host.
        directory: PathBuf,
        /// Where.
        path: GuestPath,
    },
}
