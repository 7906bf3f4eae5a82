//! Where a filesystem is written to: bytes at offsets, zero until written.
//!
//! Filesystem writers know this trait and nothing of partitions, verity or files.

#![cfg_attr(test, allow(clippy::disallowed_methods, clippy::disallowed_types))]

mod frontier;
pub mod verity;

use std::io;
use std::os::unix::fs::FileExt;

use fs_err::File;

pub use frontier::Frontier;

/// Bytes at offsets, zero until written. Several threads may write at once, to different places.
pub trait Volume: Sync {
    /// Writes all bytes at `offset`.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// Promises that nothing before `offset` will be written again.
    fn settle(&self, _offset: u64) {}
}

/// The part of a new sparse file that begins at an offset.
#[derive(Debug)]
pub struct Region<'a> {
    file: &'a File,
    start: u64,
    frontier: Option<&'a Frontier>,
}

impl<'a> Region<'a> {
    /// The part of `file` that begins at `start`. The file reads as zeros there.
    pub fn new(file: &'a File, start: u64) -> Self {
        Self { file, start, frontier: None }
    }

    /// Lets a reader follow what is written.
    pub fn followed(self, frontier: &'a Frontier) -> Self {
        Self { frontier: Some(frontier), ..self }
    }
}

impl Volume for Region<'_> {
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let place = self.start.checked_add(offset);
        let place = place.ok_or_else(|| io::Error::from(io::ErrorKind::FileTooLarge))?;
        self.file.file().write_all_at(bytes, place)
    }

    fn settle(&self, offset: u64) {
        if let Some(frontier) = self.frontier {
            frontier.advance(self.start.saturating_add(offset));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_region_writes_from_its_start_on() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("disk");
        let file = File::create(&path).unwrap();
        Region::new(&file, 3).write_at(b"here", 2).unwrap();
        assert_eq!(std::fs::read(path).unwrap(), b"\0\0\0\0\0here");
    }

    #[test]
    fn an_offset_beyond_any_file_is_an_error() {
        let file = File::from_parts(tempfile::tempfile().unwrap(), "disk");
        let error = Region::new(&file, u64::MAX).write_at(b"x", 1).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
    }
}
