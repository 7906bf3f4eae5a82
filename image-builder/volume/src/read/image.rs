//! The bytes of the image from the filesystem's start on.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use super::problem::{Problem, ReadError};

/// An open image.
#[derive(Debug, Clone)]
pub struct Image {
    pub(super) path: Arc<Path>,
    /// Where the filesystem begins.
    pub(super) start: u64,
    file: Arc<File>,
    /// How many bytes there are from there on.
    length: u64,
}

impl Image {
    /// Opens the image in which a filesystem begins at `start`.
    pub fn open(path: &Path, start: u64) -> Result<Self, ReadError> {
        let failed = |source| ReadError::Image { file: path.to_owned(), source };
        let file = fs_err::File::open(path).map_err(failed)?.into_file();
        let length = file.metadata().map_err(failed)?.len().saturating_sub(start);
        Ok(Self { path: path.into(), start, file: file.into(), length })
    }

    /// The image's file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// How many bytes there are from the filesystem's start on.
    pub fn length(&self) -> u64 {
        self.length
    }

    /// Fills the buffer with the bytes at a place of the filesystem.
    pub fn read(&self, position: u64, buffer: &mut [u8]) -> Result<(), Problem> {
        let end = position.checked_add(buffer.len() as u64);
        if end.is_none_or(|end| end > self.length) {
            return Err(Problem::Damaged("it lies behind the end of the image"));
        }
        self.file.read_exact_at(buffer, self.start + position).map_err(Problem::Io)
    }
}
