//! How many blocks each level of a tree of blocks has.

use std::ops::Range;

/// The blocks of each level above `lowest` blocks, which come first, until at most `top` are left.
pub(crate) fn levels(lowest: u64, per_node: u64, top: u64) -> Vec<u64> {
    let mut levels = vec![lowest];
    let mut blocks = lowest;
    while blocks > top {
        blocks = blocks.div_ceil(per_node);
        levels.push(blocks);
    }
    levels
}

/// The part of `total` things that each of so many blocks has: all about the same.
pub(crate) fn share(total: usize, blocks: usize, block: usize) -> Range<usize> {
    total * block / blocks..total * (block + 1) / blocks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_end_where_few_enough_are_left() {
        assert_eq!(levels(1, 10, 1), [1]);
        assert_eq!(levels(11, 10, 1), [11, 2, 1]);
        assert_eq!(levels(11, 10, 2), [11, 2]);
    }

    #[test]
    fn shares_leave_nothing_out() {
        let shares: Vec<_> = (0..3).map(|block| share(10, 3, block)).collect();
        assert_eq!(shares, [0..3, 3..6, 6..10]);
    }
}
