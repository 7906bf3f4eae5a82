//! Bytes that are not one piece of a file, and the holes of those that are.

use std::fmt::Debug;
use std::io;
use std::ops::Range;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{SeekFrom, seek};
use rustix::io::Errno;

use super::ContentReader;

/// Bytes put together when they are read.
pub trait Source: Debug + Send + Sync {
    /// How many bytes there are.
    fn length(&self) -> u64;

    /// Fills the buffer with the bytes at `offset`, which lie within the length.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()>;

    /// Where bytes are that may not be zero, in order.
    fn data_ranges(&self) -> io::Result<Vec<Range<u64>>> {
        let all = 0..self.length();
        Ok(if all.is_empty() { Vec::new() } else { vec![all] })
    }

    /// Whether the bytes come from files below this directory of the host.
    fn is_stored_below(&self, _directory: &Path) -> bool {
        false
    }
}

const BLOCK_BYTES: u64 = 4096;
const CHUNK_BYTES: u64 = 1 << 20;
const ZEROS: [u8; BLOCK_BYTES as usize] = [0; BLOCK_BYTES as usize];

/// Of some ranges of a content, the blocks that are not all zero.
pub(super) fn without_zeros(
    reader: &ContentReader,
    length: u64,
    ranges: Vec<Range<u64>>,
) -> io::Result<Vec<Range<u64>>> {
    let mut data: Vec<Range<u64>> = Vec::new();
    let mut buffer = vec![0; CHUNK_BYTES as usize];
    let mut position = 0;
    for range in ranges {
        position = position.max(range.start / BLOCK_BYTES * BLOCK_BYTES);
        let end = range.end.next_multiple_of(BLOCK_BYTES).min(length);
        while position < end {
            let chunk = &mut buffer[..(end - position).min(CHUNK_BYTES) as usize];
            reader.read_exact_at(chunk, position)?;
            for (start, block) in (0..).map(|n| position + n * BLOCK_BYTES).zip(chunk.chunks(4096))
            {
                let stop = start + block.len() as u64;
                match data.last_mut() {
                    _ if *block == ZEROS[..block.len()] => {}
                    Some(last) if last.end == start => last.end = stop,
                    _ => data.push(start..stop),
                }
            }
            position += chunk.len() as u64;
        }
    }
    Ok(data)
}

/// Where a span of a file has data, as far as the file system tells.
pub(super) fn data_of_file(path: &Path, offset: u64, length: u64) -> io::Result<Vec<Range<u64>>> {
    if length == 0 {
        return Ok(Vec::new());
    }
    let file = fs_err::File::open(path)?;
    let status = file.metadata()?;
    if status.blocks().saturating_mul(512) >= status.len() {
        return Ok(std::iter::once(0..length).collect());
    }
    let end = offset.saturating_add(length);
    let (mut ranges, mut position) = (Vec::new(), offset);
    while position < end {
        let start = match seek(&file, SeekFrom::Data(position)) {
            Ok(start) if start < end => start,
            // There is no data up to the end of the file.
            Ok(_) | Err(Errno::NXIO) => break,
            Err(error) => return Err(error.into()),
        };
        let stop = seek(&file, SeekFrom::Hole(start))?.min(end);
        ranges.push(start - offset..stop - offset);
        position = stop;
    }
    Ok(ranges)
}
