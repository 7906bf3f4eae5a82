//! Blocks that lie in a row are written at once.

use volume::Volume;

use crate::error::Error;
use crate::format::{BLOCK, BLOCK_BYTES};

const BYTES_MAX: usize = 1 << 20;

/// Blocks in a row that are not written yet.
pub(super) struct Batch<'a> {
    volume: &'a dyn Volume,
    place: u64,
    bytes: Vec<u8>,
}

impl<'a> Batch<'a> {
    pub(super) fn new(volume: &'a dyn Volume) -> Self {
        Self { volume, place: 0, bytes: Vec::new() }
    }

    /// Adds whole blocks.
    pub(super) fn append(&mut self, place: u64, blocks: &[u8]) -> Result<(), Error> {
        let room = self.room(place, blocks.len())?;
        room.copy_from_slice(blocks);
        Ok(())
    }

    /// Adds room for whole blocks, zeros until it is filled.
    pub(super) fn room(&mut self, place: u64, length: usize) -> Result<&mut [u8], Error> {
        let end = self.place + (self.bytes.len() / BLOCK) as u64;
        if place != end || self.bytes.len() + length > BYTES_MAX {
            self.flush()?;
            self.place = place;
        }
        let start = self.bytes.len();
        self.bytes.resize(start + length, 0);
        Ok(&mut self.bytes[start..])
    }

    /// How much fits in at once.
    pub(super) fn limit() -> usize {
        BYTES_MAX
    }

    pub(super) fn finish(mut self) -> Result<(), Error> {
        self.flush()
    }

    fn flush(&mut self) -> Result<(), Error> {
        if !self.bytes.is_empty() {
            let written = self.volume.write_at(&self.bytes, self.place * BLOCK_BYTES);
            written.map_err(Error::Write)?;
            self.bytes.clear();
        }
        Ok(())
    }
}
