//! The file that an image lies in.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use crate::error::Fault;

/// The part of a file that holds an image.
#[derive(Debug)]
pub(super) struct Device {
    pub path: Arc<Path>,
    /// Where the image begins.
    pub offset: u64,
    /// How many bytes there are from there on.
    pub length: u64,
    file: File,
    /// The cluster that was decompressed last, and where it lies.
    last: Mutex<Option<(u64, Arc<[u8]>)>>,
}

impl Device {
    /// Opens the file.
    pub(super) fn open(path: &Path, offset: u64) -> io::Result<Arc<Self>> {
        let file = fs_err::File::open(path)?.into_file();
        let length = file.metadata()?.len().saturating_sub(offset);
        let (path, last) = (path.into(), Mutex::new(None));
        Ok(Arc::new(Self { path, offset, length, file, last }))
    }

    /// Fills the buffer with the bytes at a place of the image.
    pub(super) fn read(&self, position: u64, buffer: &mut [u8]) -> io::Result<()> {
        let end = position.checked_add(buffer.len() as u64);
        if end.is_none_or(|end| end > self.length) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.file.read_exact_at(buffer, self.offset + position)
    }

    /// Refuses a range that the image does not have.
    pub(super) fn check(&self, position: u64, length: u64) -> Result<(), Fault> {
        let end = position.checked_add(length);
        if end.is_none_or(|end| end > self.length) {
            return Err(Fault::Damaged("contents lie beyond the end of the image"));
        }
        Ok(())
    }

    /// The decompressed cluster at a place: the last one, or what `make` makes.
    pub(super) fn cluster(
        &self,
        position: u64,
        make: impl FnOnce() -> io::Result<Vec<u8>>,
    ) -> io::Result<Arc<[u8]>> {
        let last = self.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some((place, bytes)) = last
            && place == position
        {
            return Ok(bytes);
        }
        let bytes: Arc<[u8]> = make()?.into();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        *last = Some((position, bytes.clone()));
        Ok(bytes)
    }
}
