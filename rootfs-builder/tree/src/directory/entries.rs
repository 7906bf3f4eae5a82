//! The names in one directory.

use std::mem::MaybeUninit;

use rustix::fd::AsFd;
use rustix::fs::RawDir;
use rustix::io::Errno;

const LISTING_BYTES: usize = 32 * 1024;

/// Lists directories, one after the other, with one buffer.
pub(super) struct Entries {
    buffer: Vec<MaybeUninit<u8>>,
}

impl Entries {
    pub(super) fn new() -> Self {
        Self { buffer: vec![MaybeUninit::uninit(); LISTING_BYTES] }
    }

    /// Returns the names in an open directory in the order of the file system.
    pub(super) fn names(&mut self, directory: impl AsFd) -> Result<Vec<Vec<u8>>, Errno> {
        let mut names = Vec::new();
        let mut entries = RawDir::new(directory, &mut self.buffer);
        while let Some(entry) = entries.next() {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if name != b"." && name != b".." {
                names.push(name.to_vec());
            }
        }
        Ok(names)
    }
}
