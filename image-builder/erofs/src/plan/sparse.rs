//! Files with holes: which chunks are stored, and how large a chunk is.

use std::io;
use std::ops::Range;

use tree::Content;

use crate::format::{BLOCK_BITS, BLOCK_BYTES};

/// Files below this size are not asked for holes.
const LEAST_BYTES: u64 = 64 << 10;
/// The largest chunk tried: 4 GiB.
const MOST_BITS: u32 = 20;

/// Which parts of a file are stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sparse {
    /// How many times a chunk doubles a block.
    pub chunk_bits: u32,
    /// Blocks of the file that are stored, in order, whole chunks but for the end of the file.
    pub stored: Vec<Range<u64>>,
    /// How many blocks the file has.
    pub file_blocks: u64,
}

impl Sparse {
    /// How many chunks the map has.
    pub(crate) fn chunks(&self) -> u64 {
        self.file_blocks.div_ceil(1 << self.chunk_bits)
    }

    /// How many blocks are stored.
    pub(crate) fn stored_blocks(&self) -> u64 {
        self.stored.iter().map(|range| range.end - range.start).sum()
    }

    fn cost(&self) -> u64 {
        self.stored_blocks().saturating_mul(BLOCK_BYTES as u64) + self.chunks() * 4
    }
}

/// Finds holes that are worth a map; none if the file is better stored whole.
pub(crate) fn find(content: &Content) -> io::Result<Option<Sparse>> {
    if content.length() < LEAST_BYTES {
        return Ok(None);
    }
    let data = blocks_of_ranges(&content.data_ranges()?);
    Ok(choose(&data, content.length().div_ceil(BLOCK_BYTES as u64)))
}

fn choose(data: &[Range<u64>], file_blocks: u64) -> Option<Sparse> {
    let whole = file_blocks * BLOCK_BYTES as u64;
    let candidates = (0..=MOST_BITS).map(|bits| with_chunks(data, file_blocks, bits));
    let best = candidates.min_by_key(|sparse| (sparse.cost(), u32::MAX - sparse.chunk_bits))?;
    (best.cost() + LEAST_BYTES <= whole).then_some(best)
}

fn with_chunks(data: &[Range<u64>], file_blocks: u64, chunk_bits: u32) -> Sparse {
    let chunk = 1 << chunk_bits;
    let mut stored: Vec<Range<u64>> = Vec::new();
    for range in data {
        let start = range.start / chunk * chunk;
        let end = range.end.next_multiple_of(chunk).min(file_blocks);
        extend(&mut stored, start..end);
    }
    Sparse { chunk_bits, stored, file_blocks }
}

fn blocks_of_ranges(ranges: &[Range<u64>]) -> Vec<Range<u64>> {
    let mut blocks = Vec::new();
    for range in ranges {
        let end = range.end.div_ceil(BLOCK_BYTES as u64);
        extend(&mut blocks, range.start >> BLOCK_BITS..end);
    }
    blocks
}

/// Adds a range that begins no earlier than the last one.
fn extend(ranges: &mut Vec<Range<u64>>, range: Range<u64>) {
    match ranges.last_mut() {
        Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
        _ if range.is_empty() => {}
        _ => ranges.push(range),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn chunks_are_as_large_as_pays() {
        let huge = 5 << 18;
        let data = [0..1, 1 << 18..(1 << 18) + 1, huge - 2..huge];
        let sparse = choose(&data, huge).unwrap();
        assert!((2..8).contains(&sparse.chunk_bits), "{}", sparse.chunk_bits);
        assert_eq!(choose(&[], 2560).unwrap().chunks(), 1);
        let comb: Vec<_> = (0..2000).map(|number| number * 2..number * 2 + 1).collect();
        assert_eq!(choose(&comb, 4000).unwrap().chunk_bits, 0);
    }

    #[test]
    fn a_file_without_holes_worth_it_is_stored_whole() {
        let find = |bytes: Vec<u8>| find(&Content::from(bytes)).unwrap();
        assert_eq!(find(vec![1; 1 << 20]), None);
        assert_eq!(find(vec![0; 60_000]), None);
        let mut bytes = vec![0; 1 << 20];
        bytes[600_000] = 1;
        let sparse = find(bytes).unwrap();
        assert!(sparse.stored_blocks() >= 1 && sparse.stored[0].contains(&(600_000 / 4096)));
    }
}
