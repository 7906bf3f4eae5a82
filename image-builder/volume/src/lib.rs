//! Where a filesystem is written to: bytes at offsets, zero until written; and read from.
//!
//! Filesystem writers know this trait and nothing of partitions, verity or files.

#![cfg_attr(test, allow(clippy::disallowed_methods, clippy::disallowed_types))]

pub mod read;
pub mod verity;

use std::io;
use std::os::unix::fs::FileExt;

use fs_err::File;
use rustix::fs::FallocateFlags;
use rustix::io::Errno;

/// Bytes at offsets, zero until written. Several threads may write at once, to different places.
pub trait Volume: Sync {
    /// Writes all bytes at `offset`.
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()>;

    /// The same for a place that is written but once: the buffer may be kept, and another, of any
    /// content, be in its place.
    fn write_once(&self, buffer: &mut Vec<u8>, offset: u64) -> io::Result<()> {
        self.write_at(buffer, offset)
    }

    /// Promises that all of these bytes will be written, so that room can be made at once.
    fn reserve(&self, _bytes: u64, _offset: u64) -> io::Result<()> {
        Ok(())
    }

    /// Promises that nothing before `offset` will be written again.
    fn settle(&self, _offset: u64) {}
}

/// Who reads a file while it is being written, in the threads that write it.
pub trait Follower: Sync {
    /// Gets what was written at `place` and will not be written again: the buffer may be kept, and
    /// another, of any content, be in its place.
    fn leave(&self, place: u64, buffer: &mut Vec<u8>);

    /// Learns that nothing before `place` will be written again.
    fn settle(&self, place: u64);
}

/// The part of a new sparse file that begins at an offset.
pub struct Region<'a> {
    file: &'a File,
    start: u64,
    follower: Option<&'a dyn Follower>,
}

impl<'a> Region<'a> {
    /// The part of `file` that begins at `start`. The file reads as zeros there.
    pub fn new(file: &'a File, start: u64) -> Self {
        Self { file, start, follower: None }
    }

    /// Lets somebody follow what is written, if anybody wants to.
    pub fn followed(self, follower: Option<&'a dyn Follower>) -> Self {
        Self { follower, ..self }
    }

    fn place(&self, offset: u64) -> io::Result<u64> {
        let place = self.start.checked_add(offset);
        place.ok_or_else(|| io::ErrorKind::FileTooLarge.into())
    }
}

impl Volume for Region<'_> {
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.file.file().write_all_at(bytes, self.place(offset)?)
    }

    /// Whoever follows need not read the bytes back.
    fn write_once(&self, buffer: &mut Vec<u8>, offset: u64) -> io::Result<()> {
        self.write_at(buffer, offset)?;
        if let Some(follower) = self.follower {
            follower.leave(self.place(offset)?, buffer);
        }
        Ok(())
    }

    /// A file system that finds room for a whole run takes half the time to write it.
    fn reserve(&self, bytes: u64, offset: u64) -> io::Result<()> {
        let place = self.place(offset)?;
        match rustix::fs::fallocate(self.file.file(), FallocateFlags::KEEP_SIZE, place, bytes) {
            Err(errno @ Errno::NOSPC) => Err(errno.into()),
            // Not every file system can; writing finds the room, or tells what is wrong.
            Ok(()) | Err(_) => Ok(()),
        }
    }

    fn settle(&self, offset: u64) {
        if let Some(follower) = self.follower {
            follower.settle(self.start.saturating_add(offset));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::os::unix::fs::MetadataExt as _;

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
    fn room_is_made_where_it_was_asked_for_and_the_rest_stays_a_hole() {
        let file = File::from_parts(tempfile::tempfile().unwrap(), "disk");
        file.set_len(1 << 20).unwrap();
        Region::new(&file, 4096).reserve(8192, 4096).unwrap();
        let status = file.metadata().unwrap();
        assert_eq!(status.len(), 1 << 20);
        assert!(status.blocks() * 512 < 1 << 19, "{} blocks", status.blocks());
        let mut bytes = vec![1; 1 << 20];
        file.file().read_exact_at(&mut bytes, 0).unwrap();
        assert!(bytes.iter().all(|byte| *byte == 0));
    }

    #[test]
    fn an_offset_beyond_any_file_is_an_error() {
        let file = File::from_parts(tempfile::tempfile().unwrap(), "disk");
        let error = Region::new(&file, u64::MAX).write_at(b"x", 1).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
    }
}
