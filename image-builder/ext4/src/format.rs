//! What ext4 looks like on disk: numbers, places of fields, and how structures are encoded.
//!
//! The names are those of the kernel's documentation where it has any.

pub(crate) mod directory;
pub(crate) mod extent;
pub(crate) mod group;
pub(crate) mod inode;
pub(crate) mod journal;
pub(crate) mod superblock;
pub(crate) mod xattr;

/// The size of the blocks that are written.
pub(crate) const BLOCK: usize = 4096;
/// The same, to count with.
pub(crate) const BLOCK_BYTES: u64 = BLOCK as u64;
/// As many blocks as one bitmap block has bits.
pub(crate) const BLOCKS_PER_GROUP: u64 = 8 * BLOCK_BYTES;
/// Up to here the descriptors of all groups fit into one group: 64 TiB.
pub(crate) const BLOCKS_MAX: u64 = 1 << 34;
/// Groups whose bitmaps and inode tables lie together.
pub(crate) const GROUPS_PER_FLEX: u32 = 1 << LOG_GROUPS_PER_FLEX;
/// The logarithm of that, as the superblock has it.
pub(crate) const LOG_GROUPS_PER_FLEX: u8 = 4;

/// Whether a group holds a copy of the superblock and of the descriptors: the first two, and those
/// whose numbers are powers of three, five and seven.
pub(crate) fn has_backup(group: u64) -> bool {
    let is_power = |base: u64| {
        let mut power = base;
        while power < group {
            power *= base;
        }
        power == group
    };
    group <= 1 || (group % 2 == 1 && [3, 5, 7].into_iter().any(is_power))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backups_lie_in_powers_of_three_five_and_seven() {
        let groups: Vec<_> = (0..130).filter(|group| has_backup(*group)).collect();
        assert_eq!(groups, [0, 1, 3, 5, 7, 9, 25, 27, 49, 81, 125]);
    }
}
