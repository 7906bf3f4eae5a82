//! Copies content into a new file, inside the kernel where it can.

use std::fs::File;
use std::io::{self, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt as _;

use rustix::io::Errno;

use crate::content::{Content, HOLES_BYTES_MIN, OpenSource};

/// Below this, reading and writing is cheaper than setting up a copy inside the kernel.
const KERNEL_COPY_BYTES_MIN: u64 = 256 * 1024;

/// Writes `content` to an empty file; its holes stay holes.
pub(super) fn fill(file: &mut File, content: &Content, source: &mut OpenSource) -> io::Result<()> {
    if content.length() >= HOLES_BYTES_MIN {
        let data = content.allocated_ranges()?;
        if data.iter().map(|range| range.end - range.start).sum::<u64>() < content.length() {
            return fill_between_holes(file, content, &data);
        }
    }
    if let Content::Span { file: path, offset, length } = content
        && *length >= KERNEL_COPY_BYTES_MIN
    {
        let (from, _) = source.open(path)?;
        if copy_in_kernel(from, *offset, *length, file)? {
            return Ok(());
        }
    }
    content.write_to(file, source)
}

fn fill_between_holes(file: &File, content: &Content, data: &[Range<u64>]) -> io::Result<()> {
    let reader = content.open()?;
    let mut buffer = vec![0; 256 * 1024];
    for range in data {
        let mut position = range.start;
        while position < range.end {
            let left = usize::try_from(range.end - position).unwrap_or(usize::MAX);
            let chunk_bytes = left.min(buffer.len());
            let chunk = &mut buffer[..chunk_bytes];
            reader.read_exact_at(chunk, position)?;
            file.write_all_at(chunk, position)?;
            position += chunk.len() as u64;
        }
    }
    file.set_len(content.length())
}

/// Whether the kernel did it all; it never does only a part and then says that it cannot.
fn copy_in_kernel(from: &File, offset: u64, length: u64, to: &mut File) -> io::Result<bool> {
    let (mut position, end) = (offset, offset.saturating_add(length));
    while position < end {
        let count = usize::try_from(end - position).unwrap_or(usize::MAX);
        match rustix::fs::copy_file_range(from, Some(&mut position), &*to, None, count) {
            Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
            Ok(_) | Err(Errno::INTR) => {}
            Err(errno) if position == offset && is_refusal(errno) => return Ok(false),
            Err(errno) => return Err(errno.into()),
        }
    }
    to.flush()?;
    Ok(true)
}

/// Older kernels, some file systems, and system call filters do not do it.
fn is_refusal(errno: Errno) -> bool {
    matches!(errno, Errno::XDEV | Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP | Errno::PERM)
}
