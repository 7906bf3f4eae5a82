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

/// What is looked at together, and how much of its start tells that it is no hole.
const WINDOW_BYTES: u64 = 64 << 10;
const START_BYTES: u64 = 512;

const ZEROS: [u8; BLOCK_BYTES as usize] = [0; BLOCK_BYTES as usize];

/// Of some ranges of a content, what is no hole.
///
/// It goes by the bytes alone: a window whose start is not zero has no holes, and of the others
/// each block that is zero is one. Most windows of most files need not be read for it.
pub(super) fn without_zeros(
    reader: &ContentReader,
    length: u64,
    ranges: Vec<Range<u64>>,
) -> io::Result<Vec<Range<u64>>> {
    let mut data: Vec<Range<u64>> = Vec::new();
    let mut add = |range: Range<u64>| match data.last_mut() {
        Some(last) if last.end == range.start => last.end = range.end,
        _ => data.push(range),
    };
    let mut buffer = vec![0; WINDOW_BYTES as usize];
    let mut position = 0;
    for range in ranges {
        position = position.max(range.start / WINDOW_BYTES * WINDOW_BYTES);
        while position < range.end {
            let window = &mut buffer[..(length - position).min(WINDOW_BYTES) as usize];
            let end = position + window.len() as u64;
            let start = &mut window[..(end - position).min(START_BYTES) as usize];
            reader.read_exact_at(start, position)?;
            if start.iter().any(|byte| *byte != 0) {
                add(position..end);
            } else {
                reader.read_exact_at(window, position)?;
                for (number, block) in (0..).zip(window.chunks(BLOCK_BYTES as usize)) {
                    if *block != ZEROS[..block.len()] {
                        let start = position + number * BLOCK_BYTES;
                        add(start..start + block.len() as u64);
                    }
                }
            }
            position = end;
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
