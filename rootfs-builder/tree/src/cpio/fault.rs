//! What can be wrong with an archive.

use crate::path::PathError;

/// What is wrong with a member of a cpio archive.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The archive cannot be read.
    #[error("read")]
    Io(#[from] std::io::Error),
    /// The archive ends before its trailer.
    #[error("the archive is cut off")]
    Truncated,
    /// There is no header of this format.
    #[error("this is no header of a newc archive")]
    Magic,
    /// An archive does not begin at a multiple of four bytes, where the kernel looks for it.
    #[error("the archive begins at no multiple of four bytes")]
    Alignment,
    /// A number is not written in hexadecimal digits.
    #[error("the {0} is malformed")]
    Number(&'static str),
    /// The name is empty, too long, or does not end where its size says.
    #[error("the name is malformed")]
    Name,
    /// There are too many members, or their names are too long in total.
    #[error("the archive has too many members")]
    TooMany,
    /// The name does not lie inside the guest.
    #[error("refused")]
    Path(#[from] PathError),
    /// A symbolic link's target is empty, too long, or holds a NUL byte.
    #[error("the link's target is malformed")]
    LinkTarget,
    /// Something other than a file or a symbolic link claims to have content.
    #[error("it has content, but is no file")]
    Content,
    /// The bytes of a file do not add up to the sum in its header.
    #[error("the content's checksum is wrong")]
    Checksum,
    /// A member of a type that is not understood.
    #[error("members of mode {0:o} are not supported")]
    Type(u32),
}
