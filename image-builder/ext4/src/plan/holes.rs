//! Which blocks of a file are no holes.

use std::io;
use std::ops::Range;

use tree::{Content, GuestPath};

use super::contents::refused;
use crate::error::Error;
use crate::format::BLOCK_BYTES;

/// Blocks of a file are counted with 32 bits.
const LENGTH_MAX: u64 = u32::MAX as u64 * BLOCK_BYTES;

/// The blocks of a file that are no holes.
#[derive(Debug)]
pub(crate) enum Data {
    /// All of them.
    Whole(Range<u32>),
    /// Those of some ranges, in order.
    Parts(Box<[Range<u32>]>),
}

impl Data {
    pub(crate) fn blocks(&self) -> u64 {
        self.ranges().iter().map(|range| u64::from(range.end - range.start)).sum()
    }

    pub(crate) fn ranges(&self) -> &[Range<u32>] {
        match self {
            Self::Whole(blocks) => std::slice::from_ref(blocks),
            Self::Parts(parts) => parts,
        }
    }
}

/// Asks a content for its holes.
pub(crate) fn look(path: &GuestPath, content: &Content) -> Result<Data, Error> {
    let length = content.length();
    if length > LENGTH_MAX {
        return Err(refused(path.as_bytes(), "the file is over 16 TiB"));
    }
    let blocks = 0..length.div_ceil(BLOCK_BYTES) as u32;
    let failed = |source| Error::Content { path: path.clone(), source };
    let parts = block_ranges(&content.data_ranges().map_err(failed)?, length).map_err(failed)?;
    Ok(match parts.as_slice() {
        [all] if *all == blocks => Data::Whole(blocks),
        _ => Data::Parts(parts.into()),
    })
}

/// The blocks that ranges of bytes touch.
fn block_ranges(ranges: &[Range<u64>], length: u64) -> io::Result<Vec<Range<u32>>> {
    let mut parts: Vec<Range<u32>> = Vec::new();
    let mut position = 0;
    for range in ranges.iter().filter(|range| !range.is_empty()) {
        if range.start < position || range.end > length {
            return Err(io::Error::other("ranges of data are not in order"));
        }
        position = range.end;
        let blocks = (range.start / BLOCK_BYTES) as u32..range.end.div_ceil(BLOCK_BYTES) as u32;
        match parts.last_mut() {
            Some(last) if last.end >= blocks.start => last.end = blocks.end,
            _ => parts.push(blocks),
        }
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn ranges_touch_whole_blocks_and_grow_together() {
        let found = block_ranges(&[0..1, 4095..4097, 20_000..20_001, 24_576..24_577], 30_000);
        assert_eq!(found.unwrap(), [0..2, 4..5, 6..7]);
        assert!(block_ranges(&[5..9, 8..10], 30_000).is_err());
        assert!(block_ranges(std::slice::from_ref(&(0..30_001)), 30_000).is_err());
    }
}
