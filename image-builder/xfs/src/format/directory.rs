//! Directories: entries in blocks of data, and beside them an index of the hashes of their names.

use super::geometry::sector;
use super::inode::kind;
use super::{BLOCK, Stamp};
use crate::bytes::{put, put16, put32, put64, seal};

/// The index begins at this block of a directory, the list of free space at the next.
pub(crate) const INDEX_BLOCK: u64 = (32 << 30) / 4096;
pub(crate) const FREE_BLOCK: u64 = 2 * INDEX_BLOCK;

pub(crate) const DATA_HEADER: usize = 64;
pub(crate) const INDEX_HEADER: usize = 64;
/// A hash and what it leads to.
pub(crate) const INDEX_ENTRY: usize = 8;
/// Behind the hashes of a directory of a single block.
pub(crate) const BLOCK_TAIL: usize = 8;
/// Before the entries of a directory inside its inode.
pub(crate) const LOCAL_HEADER: usize = 6;

pub(crate) const SINGLE_MAGIC: [u8; 4] = *b"XDB3";
pub(crate) const DATA_MAGIC: [u8; 4] = *b"XDD3";
pub(crate) const FREE_MAGIC: [u8; 4] = *b"XDF3";
pub(crate) const ONLY_LEAF_MAGIC: u16 = 0x3df1;
pub(crate) const LEAF_MAGIC: u16 = 0x3dff;
pub(crate) const NODE_MAGIC: u16 = 0x3ebe;
pub(crate) const DATA_CHECKSUM: usize = 4;
pub(crate) const DATA_OWNER: usize = 40;
pub(crate) const INDEX_CHECKSUM: usize = 12;
/// Marks room that no entry takes.
pub(crate) const FREE_TAG: u16 = 0xffff;

/// What entry takes in a block of data: inode, length, name, kind and its own place.
pub(crate) fn entry_size(name: usize) -> usize {
    (8 + 1 + name + 1 + 2).next_multiple_of(8)
}

/// What an entry takes in a directory inside its inode, whose numbers fit in 32 bits.
pub(crate) fn local_entry_size(name: usize) -> usize {
    1 + 2 + name + 1 + 4
}

/// The number by which entries say what they lead to.
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

/// The hash of the name of an entry or of an extended attribute.
pub(crate) fn hash(name: &[u8]) -> u32 {
    name.iter().fold(0, |hash: u32, byte| hash.rotate_left(7) ^ u32::from(*byte))
}

/// Fills in what blocks of data and of free space begin with, and their checksum.
pub(crate) fn finish_data(block: &mut [u8], magic: [u8; 4], stamp: Stamp<'_>) {
    put(block, 0, &magic);
    put64(block, 8, sector(stamp.place));
    put(block, 24, stamp.uuid);
    put64(block, DATA_OWNER, stamp.owner);
    seal(block, DATA_CHECKSUM);
}

/// Marks the room from `start` to `end` of a block of data as free, the only such.
pub(crate) fn put_free_room(block: &mut [u8], start: usize, end: usize) {
    if start == end {
        return;
    }
    let length = (end - start) as u16;
    put16(block, start, FREE_TAG);
    put16(block, start + 2, length);
    put16(block, end - 2, start as u16);
    put16(block, 48, start as u16);
    put16(block, 50, length);
}

/// The blocks beside a block of an index; 0 for none.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Neighbours {
    pub(crate) before: u32,
    pub(crate) behind: u32,
}

/// Fills in what all blocks of an index begin with, and their checksum.
pub(crate) fn finish_index(
    block: &mut [u8; BLOCK],
    magic: u16,
    beside: Neighbours,
    stamp: Stamp<'_>,
) {
    put32(block, 0, beside.behind);
    put32(block, 4, beside.before);
    put16(block, 8, magic);
    put64(block, 16, sector(stamp.place));
    put(block, 32, stamp.uuid);
    put64(block, 48, stamp.owner);
    seal(block, INDEX_CHECKSUM);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dots_have_the_hashes_that_every_directory_has() {
        assert_eq!((hash(b"."), hash(b"..")), (0x2e, 0x172e));
    }
}
