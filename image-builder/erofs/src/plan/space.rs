//! Where records lie among metadata blocks: no record that fits in a block crosses two.

use std::collections::BTreeSet;

use crate::format::{BLOCK_BYTES, SLOT_BYTES};

/// Metadata blocks that are being filled.
#[derive(Debug, Default)]
pub(crate) struct Space {
    blocks: u64,
    /// Blocks with room at their end: how much, and which.
    open: BTreeSet<(usize, u64)>,
}

impl Space {
    /// Space whose first block has `taken` bytes in use.
    pub(crate) fn after(taken: usize) -> Self {
        let mut space = Self { blocks: 1, open: BTreeSet::new() };
        space.leave_open(BLOCK_BYTES - taken.next_multiple_of(SLOT_BYTES), 0);
        space
    }

    /// How many blocks are in use.
    pub(crate) fn blocks(&self) -> u64 {
        self.blocks
    }

    /// Takes bytes for a record, in the fullest block that has room; returns their offset.
    pub(crate) fn take(&mut self, bytes: usize) -> u64 {
        let wanted = bytes.next_multiple_of(SLOT_BYTES);
        if let Some(found) = self.open.range((wanted, 0)..).next().copied() {
            self.open.remove(&found);
            let (room, block) = found;
            self.leave_open(room - wanted, block);
            return (block + 1) * BLOCK_BYTES as u64 - room as u64;
        }
        let blocks = wanted.div_ceil(BLOCK_BYTES);
        let first = self.take_blocks(blocks as u64);
        self.leave_open(blocks * BLOCK_BYTES - wanted, self.blocks - 1);
        first * BLOCK_BYTES as u64
    }

    /// Takes whole blocks that follow each other; returns the first.
    pub(crate) fn take_blocks(&mut self, count: u64) -> u64 {
        let first = self.blocks;
        self.blocks += count;
        first
    }

    fn leave_open(&mut self, room: usize, block: u64) {
        if room > 0 {
            self.open.insert((room, block));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_fill_gaps_and_do_not_cross_blocks() {
        let mut space = Space::after(1152);
        assert_eq!(space.take(64), 1152);
        assert_eq!(space.take(4000), 4096);
        assert_eq!(space.take(65), 4096 + 4000, "the fullest block with room comes first");
        assert_eq!(space.take(2880), 1216);
        assert_eq!(space.take_blocks(2), 2);
        assert_eq!(space.take(5000), 4 * 4096);
        assert_eq!(space.take(1000), 5 * 4096 + 928);
        assert_eq!(space.blocks(), 6);
    }
}
