//! The descriptors of block groups.

use crate::bytes::put16;
use crate::checksum::Checksum;

/// How long one is where blocks have numbers of 64 bits, and where not.
pub(crate) const SIZE: usize = 64;
pub(crate) const SIZE_SMALL: usize = 32;

/// Where its fields are.
pub(crate) mod at {
    pub(crate) const BLOCK_BITMAP: (usize, usize) = (0x00, 0x20);
    pub(crate) const INODE_BITMAP: (usize, usize) = (0x04, 0x24);
    pub(crate) const INODE_TABLE: (usize, usize) = (0x08, 0x28);
    pub(crate) const FREE_BLOCKS: usize = 0x0c;
    pub(crate) const FREE_INODES: usize = 0x0e;
    pub(crate) const DIRECTORIES: usize = 0x10;
    pub(crate) const FLAGS: usize = 0x12;
    pub(crate) const BLOCK_BITMAP_CHECKSUM: (usize, usize) = (0x18, 0x38);
    pub(crate) const INODE_BITMAP_CHECKSUM: (usize, usize) = (0x1a, 0x3a);
    pub(crate) const UNUSED_INODES: usize = 0x1c;
    pub(crate) const CHECKSUM: usize = 0x1e;
}

const INODES_UNINITIALISED: u16 = 1;
const BLOCKS_UNINITIALISED: u16 = 2;
const INODES_ZEROED: u16 = 4;

/// One group. All its counts fit 16 bits, as no group has more than 32768 of anything.
#[derive(Debug)]
pub(crate) struct Descriptor {
    pub(crate) block_bitmap: u64,
    pub(crate) inode_bitmap: u64,
    pub(crate) inode_table: u64,
    pub(crate) free_blocks: u16,
    pub(crate) free_inodes: u16,
    pub(crate) directories: u16,
    pub(crate) unused_inodes: u16,
    /// The checksums of bitmaps; none for one that is not written.
    pub(crate) block_bitmap_checksum: Option<u32>,
    pub(crate) inode_bitmap_checksum: Option<u32>,
}

impl Descriptor {
    pub(crate) fn encode(&self, seed: Checksum, group: u32) -> [u8; SIZE] {
        let mut bytes = [0; SIZE];
        crate::bytes::put_halves(&mut bytes, at::BLOCK_BITMAP, self.block_bitmap);
        crate::bytes::put_halves(&mut bytes, at::INODE_BITMAP, self.inode_bitmap);
        crate::bytes::put_halves(&mut bytes, at::INODE_TABLE, self.inode_table);
        put16(&mut bytes, at::FREE_BLOCKS, self.free_blocks);
        put16(&mut bytes, at::FREE_INODES, self.free_inodes);
        put16(&mut bytes, at::DIRECTORIES, self.directories);
        put16(&mut bytes, at::UNUSED_INODES, self.unused_inodes);
        let mut flags = INODES_ZEROED;
        for (place, checksum, uninitialised) in [
            (at::BLOCK_BITMAP_CHECKSUM, self.block_bitmap_checksum, BLOCKS_UNINITIALISED),
            (at::INODE_BITMAP_CHECKSUM, self.inode_bitmap_checksum, INODES_UNINITIALISED),
        ] {
            let Some(checksum) = checksum else {
                flags |= uninitialised;
                continue;
            };
            put16(&mut bytes, place.0, checksum as u16);
            put16(&mut bytes, place.1, (checksum >> 16) as u16);
        }
        put16(&mut bytes, at::FLAGS, flags);
        let checksum = checksum(&bytes, seed, group);
        put16(&mut bytes, at::CHECKSUM, checksum);
        bytes
    }
}

/// The checksum of a descriptor of any size, which is not part of itself.
pub(crate) fn checksum(bytes: &[u8], seed: Checksum, group: u32) -> u16 {
    let start = seed.with(&group.to_le_bytes()).with(&bytes[..at::CHECKSUM]).with(&[0; 2]);
    start.with(&bytes[at::CHECKSUM + 2..]).value() as u16
}
