//! How bytes come into the store: checked while they are written, then renamed into place.

use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use fs_err::File;
use sha2::Digest as _;

use super::{BlobId, Shelf, Store, StoreError};
use crate::digest::Digest;

const BUFFER_BYTES: usize = 256 * 1024;

/// A file on its way into the store; gone when dropped before it is kept.
pub(crate) struct Incoming<'store> {
    store: &'store Store,
    path: PathBuf,
    file: File,
    hasher: sha2::Sha256,
    written: u64,
    kept: bool,
}

impl Store {
    /// Begins a file that is to be kept later.
    pub(crate) fn incoming(&self) -> Result<Incoming<'_>, StoreError> {
        let path = self.session.fresh_path();
        let file = File::create(&path).map_err(|error| self.error(error))?;
        let hasher = sha2::Sha256::new();
        Ok(Incoming { store: self, path, file, hasher, written: 0, kept: false })
    }

    /// Keeps what `reader` gives, which must be exactly `id`.
    ///
    /// Reading stops at the first byte too many.
    pub fn insert(
        &self,
        shelf: Shelf,
        id: BlobId,
        reader: &mut dyn Read,
    ) -> Result<PathBuf, StoreError> {
        if let Some(path) = self.get(shelf, id)? {
            return Ok(path);
        }
        let mut incoming = self.incoming()?;
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            let count = match reader.read(&mut buffer) {
                Ok(0) => return incoming.keep(shelf, id),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(self.error(error)),
            };
            incoming.append(&buffer[..count])?;
            if incoming.written() > id.size {
                return Err(StoreError::Size { expected: id.size, actual: incoming.written() });
            }
        }
    }
}

impl Incoming<'_> {
    /// Appends bytes.
    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        self.write_all(bytes).map_err(|error| self.store.error(error))
    }

    /// How many bytes there are so far.
    pub(crate) fn written(&self) -> u64 {
        self.written
    }

    /// What the bytes so far are.
    pub(crate) fn id(&self) -> BlobId {
        BlobId { size: self.written, sha256: Digest::from_hasher(self.hasher.clone()) }
    }

    /// Where the bytes are until they are kept.
    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Begins again with nothing.
    pub(crate) fn restart(&mut self) -> Result<(), StoreError> {
        self.file = File::create(&self.path).map_err(|error| self.store.error(error))?;
        self.hasher = sha2::Sha256::new();
        self.written = 0;
        Ok(())
    }

    /// Whether the bytes so far are `id`.
    pub(crate) fn check(&self, id: BlobId) -> Result<(), StoreError> {
        if self.written != id.size {
            return Err(StoreError::Size { expected: id.size, actual: self.written });
        }
        let actual = Digest::from_hasher(self.hasher.clone());
        if actual != id.sha256 {
            return Err(StoreError::Digest { expected: id.sha256, actual });
        }
        Ok(())
    }

    /// Checks that the bytes are `id` and puts them in their place.
    pub(crate) fn keep(mut self, shelf: Shelf, id: BlobId) -> Result<PathBuf, StoreError> {
        self.check(id)?;
        let path = self.store.entry_path(shelf, id.sha256);
        self.store.place(&self.path, &path)?;
        self.kept = true;
        Ok(path)
    }
}

impl Write for Incoming<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.file.write(bytes)?;
        self.hasher.update(&bytes[..count]);
        self.written += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for Incoming<'_> {
    fn drop(&mut self) {
        if !self.kept {
            // The session's end removes it otherwise.
            let _ = fs_err::remove_file(&self.path);
        }
    }
}
