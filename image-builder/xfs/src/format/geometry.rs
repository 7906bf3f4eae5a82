//! How a filesystem is divided into groups of blocks.

use std::ops::Range;

use super::{INODES_PER_BLOCK, SECTORS_PER_BLOCK};

/// What `mkfs.xfs` makes for filesystems of this size; with fewer, repairing cannot cross-check.
const GROUPS_MIN: u64 = 4;
/// A group is smaller than a tebibyte.
const GROUP_BLOCKS_MAX: u64 = (1 << 28) - 1;
/// The least log that `mkfs.xfs` makes: 64 MiB.
pub(crate) const LOG_BLOCKS: u64 = 16_384;
/// `mkfs.xfs` makes none smaller: 300 MiB.
pub(crate) const BLOCKS_MIN: u64 = 76_800;

/// The roots of the trees of a group have fixed places.
pub(crate) const ROOT_BY_PLACE: u64 = 1;
pub(crate) const ROOT_BY_SIZE: u64 = 2;
pub(crate) const ROOT_OF_INODES: u64 = 3;
/// Blocks set aside for the trees of free space, of which each group has a list.
pub(crate) const SET_ASIDE: Range<u64> = 4..8;

/// How a filesystem is divided into groups of blocks. Blocks are counted from its start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Geometry {
    pub(crate) blocks: u64,
    pub(crate) groups: u64,
    /// How many blocks a group has; the last may have fewer.
    pub(crate) group_blocks: u64,
}

impl Geometry {
    /// Divides so many blocks, or a few less.
    pub(crate) fn new(blocks: u64) -> Self {
        let groups = blocks.div_ceil(GROUP_BLOCKS_MAX).max(GROUPS_MIN);
        let group_blocks = blocks / groups;
        Self { blocks: group_blocks * groups, groups, group_blocks }
    }

    /// The bits that a block's number inside of its group takes.
    pub(crate) fn group_bits(self) -> u32 {
        self.group_blocks.next_power_of_two().trailing_zeros()
    }

    /// The blocks of a group.
    pub(crate) fn group(self, number: u64) -> Range<u64> {
        let start = number * self.group_blocks;
        start..(start + self.group_blocks).min(self.blocks)
    }

    /// The first block of the log, in the middle of all.
    pub(crate) fn log(self) -> u64 {
        self.group(self.groups / 2).start + SET_ASIDE.end
    }

    /// A block's number as most of the disk has it: group and place in it, side by side.
    pub(crate) fn packed(self, place: u64) -> u64 {
        let (group, inside) = (place / self.group_blocks, place % self.group_blocks);
        group << self.group_bits() | inside
    }

    /// The number of the first inode of a block.
    pub(crate) fn first_inode(self, place: u64) -> u64 {
        self.packed(place) * INODES_PER_BLOCK
    }
}

/// A block's number as blocks of metadata say it of themselves.
pub(crate) fn sector(place: u64) -> u64 {
    place * SECTORS_PER_BLOCK
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_smallest_filesystem_holds_its_log_in_one_group() {
        let geometry = Geometry::new(BLOCKS_MIN);
        assert_eq!(
            (geometry.groups, geometry.group_blocks, geometry.group_bits()),
            (4, 19_200, 15)
        );
        assert!(geometry.log() + LOG_BLOCKS < geometry.group(2).end);
        assert_eq!(geometry.packed(19_200 + 7), 1 << 15 | 7);
    }

    #[test]
    fn no_group_is_too_large() {
        let geometry = Geometry::new(5 << 28);
        assert_eq!(geometry.groups, 6);
        assert!(geometry.blocks > (5 << 28) - 6 && geometry.group_blocks <= GROUP_BLOCKS_MAX);
    }
}
