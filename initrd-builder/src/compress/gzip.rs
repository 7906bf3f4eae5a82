//! gzip as one member: the kernel takes a second one for the next archive.

use std::io;

use flate2::{Compress, Compression as Level, Crc, FlushCompress, Status};

use super::blocks::{Block, Format};
use crate::compression::Compression;

/// Deflate with a level.
#[derive(Clone, Copy)]
pub(super) struct Gzip {
    level: u32,
}

impl Gzip {
    pub(super) fn new(level: u32) -> Self {
        Self { level }
    }
}

impl Format for Gzip {
    const COMPRESSION: Compression = Compression::Gzip;
    const BLOCK_BYTES: usize = 256 * 1024;
    /// How far back deflate reaches.
    const HISTORY_BYTES: usize = 32 * 1024;
    const THREAD_BYTES: usize = 6 << 20;
    /// Deflate, no name, no time, made on a Unix system.
    const HEADER: &'static [u8] = &[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3];
    type Summary = Crc;

    fn compress(self, block: &Block) -> io::Result<(Vec<u8>, Crc)> {
        let mut crc = Crc::new();
        crc.update(block.data());
        let mut deflate = Compress::new(Level::new(self.level), false);
        if !block.history().is_empty() {
            deflate.set_dictionary(block.history()).map_err(io::Error::other)?;
        }
        let flush = if block.is_last { FlushCompress::Finish } else { FlushCompress::Sync };
        let mut bytes = Vec::with_capacity(block.data().len() / 2 + 1024);
        loop {
            let consumed = usize::try_from(deflate.total_in()).unwrap_or(usize::MAX);
            let left = &block.data()[consumed..];
            let status = deflate.compress_vec(left, &mut bytes, flush).map_err(io::Error::other)?;
            let is_done = match status {
                Status::StreamEnd => true,
                // A flush is complete when it did not need all room.
                _ => !block.is_last && bytes.len() < bytes.capacity(),
            };
            if is_done {
                return Ok((bytes, crc));
            }
            bytes.reserve(bytes.capacity());
        }
    }

    fn combine(total: &mut Crc, next: &Crc) {
        total.combine(next);
    }

    fn trailer(total: &Crc) -> Vec<u8> {
        // Both the sum and the amount are kept modulo 2 to the 32nd.
        [total.sum().to_le_bytes(), total.amount().to_le_bytes()].concat()
    }
}
