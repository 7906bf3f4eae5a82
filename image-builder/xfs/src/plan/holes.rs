//! Which blocks of a file are no holes.

use std::io;
use std::ops::Range;

use tree::{Content, GuestPath};

use super::contents::refused;
use crate::error::Error;
use crate::format::{BLOCK_BYTES, BLOCKS_MAX};

/// The blocks of a file that are no holes, in order.
pub(crate) fn look(path: &GuestPath, content: &Content) -> Result<Box<[Range<u64>]>, Error> {
    let length = content.length();
    if length > BLOCKS_MAX * BLOCK_BYTES {
        return Err(refused(path.as_bytes(), "the file is over 64 TiB"));
    }
    let failed = |source| Error::Content { path: path.clone(), source };
    let ranges = content.data_ranges().map_err(failed)?;
    block_ranges(&ranges, length).map(Into::into).map_err(failed)
}

/// The blocks that ranges of bytes touch.
fn block_ranges(ranges: &[Range<u64>], length: u64) -> io::Result<Vec<Range<u64>>> {
    let mut parts: Vec<Range<u64>> = Vec::new();
    let mut position = 0;
    for range in ranges.iter().filter(|range| !range.is_empty()) {
        if range.start < position || range.end > length {
            return Err(io::Error::other("ranges of data are not in order"));
        }
        position = range.end;
        let blocks = range.start / BLOCK_BYTES..range.end.div_ceil(BLOCK_BYTES);
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
