//! Blocks of trees: those of a group, which count its blocks with 32 bits, and those of a file.

use super::geometry::sector;
use super::{BLOCK, Stamp};
use crate::bytes::{put, put16, put32, put64, seal};

pub(crate) const GROUP_HEADER: usize = 56;
pub(crate) const FILE_HEADER: usize = 72;
pub(crate) const FILE_MAGIC: u32 = u32::from_be_bytes(*b"BMA3");
pub(crate) const BY_PLACE_MAGIC: u32 = u32::from_be_bytes(*b"AB3B");
pub(crate) const BY_SIZE_MAGIC: u32 = u32::from_be_bytes(*b"AB3C");
pub(crate) const INODES_MAGIC: u32 = u32::from_be_bytes(*b"IAB3");

const GROUP_CHECKSUM: usize = 52;
pub(crate) const FILE_CHECKSUM: usize = 64;
pub(crate) const FILE_OWNER: usize = 56;

/// What the blocks of a tree begin with.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Header {
    pub(crate) magic: u32,
    pub(crate) level: u16,
    pub(crate) records: u16,
    /// The blocks beside it in its level, as the tree counts blocks.
    pub(crate) left: Option<u64>,
    pub(crate) right: Option<u64>,
}

/// Fills in the header of a block of a group's tree, and its checksum.
pub(crate) fn finish_group(block: &mut [u8; BLOCK], header: Header, stamp: Stamp<'_>) {
    let neighbour = |place: Option<u64>| place.map_or(u32::MAX, |place| place as u32);
    put_start(block, header);
    put32(block, 8, neighbour(header.left));
    put32(block, 12, neighbour(header.right));
    put64(block, 16, sector(stamp.place));
    put(block, 32, stamp.uuid);
    put32(block, 48, stamp.owner as u32);
    seal(block, GROUP_CHECKSUM);
}

/// Fills in the header of a block of a file's tree, and its checksum.
pub(crate) fn finish_file(block: &mut [u8; BLOCK], header: Header, stamp: Stamp<'_>) {
    put_start(block, header);
    put64(block, 8, header.left.unwrap_or(u64::MAX));
    put64(block, 16, header.right.unwrap_or(u64::MAX));
    put64(block, 24, sector(stamp.place));
    put(block, 40, stamp.uuid);
    put64(block, FILE_OWNER, stamp.owner);
    seal(block, FILE_CHECKSUM);
}

fn put_start(block: &mut [u8; BLOCK], header: Header) {
    put32(block, 0, header.magic);
    put16(block, 4, header.level);
    put16(block, 6, header.records);
}
