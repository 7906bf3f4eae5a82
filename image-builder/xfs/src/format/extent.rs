//! Where the blocks of a file are: runs, each in two words.

use super::geometry::Geometry;
use crate::bytes::{get64, put64};

pub(crate) const EXTENT_SIZE: usize = 16;
/// The length of a run has 21 bits.
pub(crate) const EXTENT_BLOCKS_MAX: u64 = (1 << 21) - 1;

/// Blocks that follow each other in a file and on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) logical: u64,
    /// Counted from the start of the filesystem.
    pub(crate) place: u64,
    pub(crate) blocks: u64,
}

/// A run as it is on disk, where the place may be no place at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) logical: u64,
    pub(crate) packed: u64,
    pub(crate) blocks: u64,
    /// Whether it was never written, and reads as zeros.
    pub(crate) is_unwritten: bool,
}

impl Extent {
    pub(crate) fn put(self, geometry: Geometry, bytes: &mut [u8]) {
        let packed = geometry.packed(self.place);
        put64(bytes, 0, self.logical << 9 | packed >> 43);
        put64(bytes, 8, packed << 21 | self.blocks);
    }
}

impl Stored {
    /// Reads sixteen bytes.
    pub(crate) fn get(bytes: &[u8]) -> Self {
        let (first, second) = (get64(bytes, 0), get64(bytes, 8));
        Self {
            logical: first >> 9 & ((1 << 54) - 1),
            packed: (first & 0x1ff) << 43 | second >> 21,
            blocks: second & EXTENT_BLOCKS_MAX,
            is_unwritten: first >> 63 != 0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_survives_the_way_to_disk_and_back() {
        let geometry = Geometry { blocks: 1 << 40, groups: 1 << 12, group_blocks: 1 << 28 };
        let extent = Extent { logical: (1 << 53) + 1, place: (1 << 39) + 5, blocks: 2_000_000 };
        let mut bytes = [0; EXTENT_SIZE];
        extent.put(geometry, &mut bytes);
        let stored = Stored::get(&bytes);
        assert_eq!(stored.packed, geometry.packed(extent.place));
        assert_eq!((stored.logical, stored.blocks), (extent.logical, extent.blocks));
        assert!(!stored.is_unwritten);
    }
}
