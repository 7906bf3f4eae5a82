//! A package's file, read once from its beginning to its end, with digests of what passes.

use std::io::{self, BufRead, Read};

use fs_err::File;
use sha2::{Digest as _, Sha256};

use crate::digest::Digest;

const BUFFER_BYTES: usize = 256 * 1024;

/// What happens to the packed bytes of the member that is being read.
pub(super) enum Tap {
    /// They are kept, as long as they are this many at most.
    Keep { bytes: Vec<u8>, limit: usize },
    /// Their digest is computed.
    Hash(Sha256),
}

/// The file. It counts as read what its user has consumed.
pub(super) struct Source {
    file: File,
    buffer: Box<[u8]>,
    start: usize,
    end: usize,
    whole: Sha256,
    size: u64,
    tap: Tap,
}

impl Source {
    pub(super) fn new(file: File) -> Self {
        Self {
            file,
            buffer: vec![0; BUFFER_BYTES].into(),
            start: 0,
            end: 0,
            whole: Sha256::new(),
            size: 0,
            tap: Tap::Hash(Sha256::new()),
        }
    }

    /// Begins a new member and gives out what was gathered of the one before.
    pub(super) fn begin(&mut self, tap: Tap) -> Tap {
        std::mem::replace(&mut self.tap, tap)
    }

    /// Reads what is left; returns the digest and the size of the whole file.
    pub(super) fn finish(mut self) -> io::Result<(Digest, u64)> {
        // A member that was too large to keep is no reason not to read on.
        self.tap = Tap::Hash(Sha256::new());
        io::copy(&mut self, &mut io::sink())?;
        Ok((Digest::from_hasher(self.whole), self.size))
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let filled = self.fill_buf()?;
        let count = filled.len().min(buffer.len());
        buffer[..count].copy_from_slice(&filled[..count]);
        self.consume(count);
        Ok(count)
    }
}

impl BufRead for Source {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if let Tap::Keep { bytes, limit } = &self.tap
            && bytes.len() > *limit
        {
            let error = io::Error::new(io::ErrorKind::FileTooLarge, "the member is too large");
            return Err(error);
        }
        if self.start == self.end {
            self.start = 0;
            self.end = self.file.read(&mut self.buffer)?;
        }
        Ok(&self.buffer[self.start..self.end])
    }

    fn consume(&mut self, count: usize) {
        let consumed = &self.buffer[self.start..self.end.min(self.start + count)];
        self.whole.update(consumed);
        self.size += consumed.len() as u64;
        match &mut self.tap {
            Tap::Keep { bytes, .. } => bytes.extend_from_slice(consumed),
            Tap::Hash(hasher) => hasher.update(consumed),
        }
        self.start += consumed.len();
    }
}
