//! The superblock, which every group begins with.

use super::geometry::{Geometry, LOG_BLOCKS};
use super::{CHUNK_ALIGNMENT, SECTOR};
use crate::bytes::{put, put16, put32, put64, seal};

pub(crate) const MAGIC: &[u8; 4] = b"XFSB";
/// The flags of a version are the upper bits of this number.
pub(crate) const VERSION: u16 = 5;
pub(crate) const CHECKSUM: usize = 224;

/// Attributes, links of 32 bits, aligned inodes, the newer log, flagged extents, newer directories,
/// and more flags elsewhere.
const VERSION_FLAGS: u16 = 0xb4b0;
/// Lazy counters, the newer attributes, projects of 32 bits, and checksums.
const MORE_FLAGS: u32 = 0x18a;

/// Features without which nothing may be read.
pub(crate) mod incompatible {
    pub(crate) const FILE_TYPES: u32 = 1;
    pub(crate) const SPARSE_CHUNKS: u32 = 2;
    pub(crate) const OTHER_UUID: u32 = 4;
    pub(crate) const BIG_TIMES: u32 = 8;
    pub(crate) const BIG_COUNTS: u32 = 0x20;
    pub(crate) const EXCHANGED_RANGES: u32 = 0x40;
    pub(crate) const PARENT_POINTERS: u32 = 0x80;
}

/// What a superblock says that is not the same in every filesystem.
#[derive(Debug, Clone)]
pub(crate) struct Superblock<'a> {
    pub(crate) uuid: &'a [u8; 16],
    pub(crate) label: &'a [u8],
    pub(crate) geometry: Geometry,
    pub(crate) root: u64,
    pub(crate) inodes: u64,
    pub(crate) free_inodes: u64,
    pub(crate) free_blocks: u64,
}

impl Superblock<'_> {
    pub(crate) fn to_bytes(&self) -> [u8; SECTOR] {
        let mut bytes = [0; SECTOR];
        let geometry = self.geometry;
        put(&mut bytes, 0, MAGIC);
        put32(&mut bytes, 4, 4096);
        put64(&mut bytes, 8, geometry.blocks);
        put(&mut bytes, 32, self.uuid);
        put64(&mut bytes, 48, geometry.packed(geometry.log()));
        for (at, number) in [(56, self.root), (64, self.root + 1), (72, self.root + 2)] {
            put64(&mut bytes, at, number);
        }
        // Blocks of a real-time part, of which there is none.
        put32(&mut bytes, 80, 1);
        put32(&mut bytes, 84, geometry.group_blocks as u32);
        put32(&mut bytes, 88, geometry.groups as u32);
        put32(&mut bytes, 96, LOG_BLOCKS as u32);
        put16(&mut bytes, 100, VERSION_FLAGS | VERSION);
        // Bytes of a sector, bytes of an inode, inodes of a block; then the name.
        for (at, number) in [(102, 512), (104, 512), (106, 8)] {
            put16(&mut bytes, at, number);
        }
        put(&mut bytes, 108, self.label);
        // The same as powers of two: block, sector, inode, inodes of a block, blocks of a group.
        put(&mut bytes, 120, &[12, 9, 9, 3, geometry.group_bits() as u8]);
        put64(&mut bytes, 128, self.inodes);
        put64(&mut bytes, 136, self.free_inodes);
        put64(&mut bytes, 144, self.free_blocks);
        put32(&mut bytes, 180, CHUNK_ALIGNMENT as u32);
        // The log may be written at any sector.
        put32(&mut bytes, 196, 1);
        // The flags stand twice, because some kernels once looked at a wrong place.
        put32(&mut bytes, 200, MORE_FLAGS);
        put32(&mut bytes, 204, MORE_FLAGS);
        put32(&mut bytes, 216, incompatible::FILE_TYPES | incompatible::BIG_TIMES);
        seal(&mut bytes, CHECKSUM);
        bytes
    }
}
