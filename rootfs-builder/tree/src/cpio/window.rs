//! Reads small pieces of a file that mostly lie close to each other.

use std::fs::File;
use std::os::unix::fs::FileExt;

use super::fault::Fault;

/// Several headers with their names, and longer than any one.
const WINDOW_BYTES: u64 = 16 * 1024;

/// The part of a file that was read last.
pub(super) struct Window {
    file: File,
    length: u64,
    bytes: Vec<u8>,
    start: u64,
}

impl Window {
    pub(super) fn new(file: File, length: u64) -> Self {
        Self { file, length, bytes: Vec::new(), start: 0 }
    }

    /// The length of the file.
    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// The file, for larger pieces.
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// So many bytes at an offset, which must not be more than a window has.
    pub(super) fn get(&mut self, offset: u64, count: usize) -> Result<&[u8], Fault> {
        let end = offset.checked_add(count as u64).filter(|end| *end <= self.length);
        let end = end.ok_or(Fault::Truncated)?;
        if offset < self.start || end > self.start + self.bytes.len() as u64 {
            let wanted = (self.length - offset).min(WINDOW_BYTES).max(count as u64);
            self.bytes.resize(usize::try_from(wanted).unwrap_or(count), 0);
            self.start = offset;
            self.file.read_exact_at(&mut self.bytes, offset)?;
        }
        let start = (offset - self.start) as usize;
        Ok(&self.bytes[start..start + count])
    }

    /// The offset of the first byte from here on that is not zero; none if all are.
    pub(super) fn skip_zeros(&mut self, mut offset: u64) -> Result<Option<u64>, Fault> {
        while offset < self.length {
            let count = (self.length - offset).min(WINDOW_BYTES);
            let bytes = self.get(offset, count as usize)?;
            if let Some(place) = bytes.iter().position(|byte| *byte != 0) {
                return Ok(Some(offset + place as u64));
            }
            offset += count;
        }
        Ok(None)
    }
}
