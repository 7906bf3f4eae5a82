//! The journal, as long as nothing is in it.

use super::BLOCK;

/// Its inode.
pub(crate) const INODE: u32 = 8;

/// How many blocks the journal of a filesystem of so many blocks has, as mke2fs decides; none if
/// the filesystem is too small for one.
pub(crate) fn blocks_for(filesystem_blocks: u64) -> Option<u64> {
    Some(match filesystem_blocks {
        0..2048 => return None,
        2048..0x8000 => 1024,
        0x8000..0x4_0000 => 4096,
        0x4_0000..0x8_0000 => 8192,
        0x8_0000..0x40_0000 => 16_384,
        0x40_0000..0x80_0000 => 32_768,
        0x80_0000..0x100_0000 => 65_536,
        0x100_0000..0x200_0000 => 131_072,
        _ => 262_144,
    })
}

/// The block that an empty journal of so many blocks begins with: its numbers are big-endian.
pub(crate) fn superblock(blocks: u64, uuid: &[u8; 16]) -> [u8; BLOCK] {
    let mut bytes = [0; BLOCK];
    let mut put = |at: usize, value: u32| bytes[at..at + 4].copy_from_slice(&value.to_be_bytes());
    put(0x00, 0xc03b_3998);
    // The second version of its kind of block.
    put(0x04, 4);
    put(0x0c, BLOCK as u32);
    put(0x10, u32::try_from(blocks).unwrap_or(u32::MAX));
    // Its log begins at block 1, with number 1; one filesystem uses it.
    put(0x14, 1);
    put(0x18, 1);
    put(0x40, 1);
    bytes[0x30..0x40].copy_from_slice(uuid);
    bytes
}
