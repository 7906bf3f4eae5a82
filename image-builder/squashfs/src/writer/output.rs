//! Bytes in order become whole blocks of the volume.

use volume::Volume;

use crate::error::Error;
use crate::format::PADDED_BYTES;
use crate::format::superblock::{SUPERBLOCK_BYTES, Superblock};

/// Fewer and larger writes are quicker.
const BUFFER_BYTES: usize = 1 << 20;

/// Collects bytes in order and writes whole blocks of them, the first one last.
pub(crate) struct Output<'a> {
    volume: &'a dyn Volume,
    first_block: Vec<u8>,
    /// What follows the written blocks.
    buffer: Vec<u8>,
    /// Where the buffer begins.
    written: u64,
}

impl<'a> Output<'a> {
    /// Begins after the place of the superblock.
    pub(crate) fn new(volume: &'a dyn Volume) -> Self {
        let buffer = vec![0; SUPERBLOCK_BYTES];
        Self { volume, first_block: Vec::new(), buffer, written: 0 }
    }

    /// Where the next byte goes.
    pub(crate) fn position(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }

    pub(crate) fn append(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.buffer.extend_from_slice(bytes);
        if self.buffer.len() < BUFFER_BYTES { Ok(()) } else { self.flush() }
    }

    /// Fills the last block with zeros and returns the size of all.
    pub(crate) fn finish(mut self, superblock: &Superblock) -> Result<u64, Error> {
        self.buffer.resize(self.buffer.len().next_multiple_of(PADDED_BYTES), 0);
        self.flush()?;
        self.first_block[..SUPERBLOCK_BYTES].copy_from_slice(&superblock.to_bytes());
        self.volume.write_at(&self.first_block, 0).map_err(Error::Output)?;
        Ok(self.written)
    }

    fn flush(&mut self) -> Result<(), Error> {
        let whole = self.buffer.len() / PADDED_BYTES * PADDED_BYTES;
        let mut start = 0;
        if self.first_block.is_empty() && whole > 0 {
            start = PADDED_BYTES;
            self.first_block = self.buffer[..start].to_vec();
        }
        if whole > start {
            let place = self.written + start as u64;
            self.volume.write_at(&self.buffer[start..whole], place).map_err(Error::Output)?;
        }
        self.buffer.drain(..whole);
        self.written += whole as u64;
        Ok(())
    }
}
