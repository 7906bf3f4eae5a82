//! What is in one directory.

use std::mem::MaybeUninit;

use rustix::fd::AsFd;
use rustix::fs::RawDir;

use super::root::Root;
use crate::error::Error;
use crate::path::GuestPath;

const LISTING_BYTES: usize = 32 * 1024;

/// Lists directories, one after the other, with one buffer.
pub(super) struct Entries {
    buffer: Vec<MaybeUninit<u8>>,
}

impl Entries {
    pub(super) fn new() -> Self {
        Self { buffer: vec![MaybeUninit::uninit(); LISTING_BYTES] }
    }

    /// Returns the paths of what is in the open directory at `path`, in their order.
    pub(super) fn paths(
        &mut self,
        root: &Root,
        path: &GuestPath,
        directory: impl AsFd,
    ) -> Result<Vec<GuestPath>, Error> {
        let mut paths = Vec::new();
        let mut entries = RawDir::new(directory, &mut self.buffer);
        while let Some(entry) = entries.next() {
            let entry = entry.map_err(|errno| root.error("list", path, errno))?;
            let name = entry.file_name().to_bytes();
            if name != b"." && name != b".." {
                paths.push(path.join(name)?);
            }
        }
        paths.sort_unstable();
        Ok(paths)
    }
}
