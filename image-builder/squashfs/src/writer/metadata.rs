//! Tables of metadata: bytes in order, compressed in blocks of 8 KiB.

use crate::codec::Compressor;
use crate::error::Error;
use crate::format::{METADATA_BYTES, METADATA_IS_STORED, Place};

/// A table of metadata that grows.
#[derive(Default)]
pub(crate) struct Metadata {
    /// The finished blocks as they will be on disk.
    compressed: Vec<u8>,
    /// Where each finished block begins in those.
    starts: Vec<u64>,
    /// What is not in a finished block.
    pending: Vec<u8>,
}

impl Metadata {
    /// How many bytes there are, not compressed.
    pub(crate) fn length(&self) -> usize {
        self.starts.len() * METADATA_BYTES + self.pending.len()
    }

    /// Where a byte is that was written already, or the next one.
    pub(crate) fn place(&self, at: usize) -> Place {
        let finished = self.starts.get(at / METADATA_BYTES).copied();
        let block = finished.unwrap_or(self.compressed.len() as u64);
        Place { block, offset: (at % METADATA_BYTES) as u16 }
    }

    /// Where the next byte will be.
    pub(crate) fn next_place(&self) -> Place {
        self.place(self.length())
    }

    pub(crate) fn append(
        &mut self,
        bytes: &[u8],
        compressor: &mut Compressor,
    ) -> Result<(), Error> {
        self.pending.extend_from_slice(bytes);
        let whole = self.pending.len() / METADATA_BYTES * METADATA_BYTES;
        if whole > 0 {
            let pending = self.pending.split_off(whole);
            let finished = std::mem::replace(&mut self.pending, pending);
            for block in finished.chunks(METADATA_BYTES) {
                self.add_block(block, compressor)?;
            }
        }
        Ok(())
    }

    /// Ends the table: what is on disk, and where each block begins in that.
    pub(crate) fn finish(
        mut self,
        compressor: &mut Compressor,
    ) -> Result<(Vec<u8>, Vec<u64>), Error> {
        let last = std::mem::take(&mut self.pending);
        if !last.is_empty() {
            self.add_block(&last, compressor)?;
        }
        Ok((self.compressed, self.starts))
    }

    fn add_block(&mut self, block: &[u8], compressor: &mut Compressor) -> Result<(), Error> {
        self.starts.push(self.compressed.len() as u64);
        match compressor.compress(block).map_err(Error::Compress)? {
            Some(smaller) => {
                self.compressed.extend((smaller.len() as u16).to_le_bytes());
                self.compressed.extend_from_slice(smaller);
            }
            None => self.compressed.extend(stored_block(block)),
        }
        Ok(())
    }
}

/// A metadata block that is not compressed, with its head.
pub(crate) fn stored_block(block: &[u8]) -> Vec<u8> {
    let head = block.len() as u16 | METADATA_IS_STORED;
    [&head.to_le_bytes()[..], block].concat()
}
