//! Blocks of directories: entries, and the index over them.

use super::inode::kind;

/// The smallest unit of an entry's length.
pub(crate) const ALIGNMENT: usize = 4;
/// The length of an entry before its name.
pub(crate) const HEADER_SIZE: usize = 8;
/// The length of the entry without a name that holds a leaf's checksum.
pub(crate) const TAIL_SIZE: usize = 12;
pub(crate) const TAIL_KIND: u8 = 0xde;
/// The length of an entry of the index, and of what follows them with its checksum.
pub(crate) const INDEX_ENTRY_SIZE: usize = 8;
pub(crate) const INDEX_TAIL_SIZE: usize = 8;
/// Where the entries of the index begin: behind those of the directory and its parent and what
/// is said about the index, or behind one that stands for the whole block.
pub(crate) const ROOT_INDEX_AT: usize = 32;
pub(crate) const NODE_INDEX_AT: usize = 8;
/// Where the root of the index says what it is.
pub(crate) const ROOT_INFO_AT: usize = 24;
pub(crate) const ROOT_INFO_SIZE: u8 = 8;

/// The length of an entry with a name of so many bytes.
pub(crate) fn entry_size(name: usize) -> usize {
    (HEADER_SIZE + name).next_multiple_of(ALIGNMENT)
}

/// What an entry says about what it names.
pub(crate) fn entry_kind(mode: u16) -> u8 {
    match mode & kind::MASK {
        kind::FILE => 1,
        kind::DIRECTORY => 2,
        kind::CHAR_DEVICE => 3,
        kind::BLOCK_DEVICE => 4,
        kind::FIFO => 5,
        kind::SOCKET => 6,
        kind::SYMLINK => 7,
        _ => 0,
    }
}
