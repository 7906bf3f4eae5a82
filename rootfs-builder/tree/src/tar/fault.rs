//! What can be wrong with an archive.

use crate::path::PathError;

/// What is wrong with a member of a tar archive.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The archive cannot be read.
    #[error("read")]
    Io(#[from] std::io::Error),
    /// The archive ends inside of the member.
    #[error("the archive is cut off")]
    Truncated,
    /// The header is not a tar header.
    #[error("the header's checksum is wrong")]
    Checksum,
    /// A number is malformed or too large.
    #[error("the {0} is malformed or out of range")]
    Number(&'static str),
    /// An extended header breaks its own format.
    #[error("the extended header is malformed")]
    Extension,
    /// An extended header is larger than anything sensible.
    #[error("the extended header has {0} bytes, more than any real one")]
    ExtensionTooLarge(u64),
    /// There are too many members, or their names are too long in total.
    #[error("the archive has too many members")]
    TooMany,
    /// The name or a hard link's target does not lie inside the guest.
    #[error("refused")]
    Path(#[from] PathError),
    /// A link's target is empty, too long, or holds a NUL byte.
    #[error("the link's target is malformed")]
    LinkTarget,
    /// A directory claims to have content.
    #[error("a directory has content")]
    DirectoryContent,
    /// A sparse file, whose bytes are not one piece of the archive.
    #[error("sparse files are not supported: make the archive without --sparse")]
    Sparse,
    /// A member of a type that is not understood.
    #[error("members of type {0:?} are not supported")]
    Type(char),
}
