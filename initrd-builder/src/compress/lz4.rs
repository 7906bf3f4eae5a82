//! lz4 in the format that came before its frames, the only one that the kernel reads.

use std::io;

use super::blocks::{Block, Format};
use crate::compression::Compression;
use crate::decompress::lz4::MAGIC;

/// Levels below this one are the fast compressor.
const THOROUGH_LEVEL_MIN: u32 = 3;

/// lz4 with a level.
#[derive(Clone, Copy)]
pub(super) struct Lz4 {
    level: u32,
}

impl Lz4 {
    pub(super) fn new(level: u32) -> Self {
        Self { level }
    }
}

impl Format for Lz4 {
    const COMPRESSION: Compression = Compression::Lz4;
    /// Readers take up to 8 MiB; matches reach back only 64 KiB, so little is lost.
    const BLOCK_BYTES: usize = 1 << 20;
    const HISTORY_BYTES: usize = 0;
    const THREAD_BYTES: usize = 6 << 20;
    const HEADER: &'static [u8] = &MAGIC.to_le_bytes();
    type Summary = ();

    fn compress(self, block: &Block) -> io::Result<(Vec<u8>, ())> {
        if block.data().is_empty() {
            return Ok((Vec::new(), ()));
        }
        let mut data = Vec::with_capacity(lzzzz::lz4::max_compressed_size(block.data().len()));
        match self.level {
            level if level < THOROUGH_LEVEL_MIN => {
                lzzzz::lz4::compress_to_vec(block.data(), &mut data, lzzzz::lz4::ACC_LEVEL_DEFAULT)
            }
            level => lzzzz::lz4_hc::compress_to_vec(block.data(), &mut data, level as i32),
        }
        .map_err(io::Error::other)?;
        let size = u32::try_from(data.len()).map_err(io::Error::other)?;
        Ok(([&size.to_le_bytes()[..], &data].concat(), ()))
    }

    fn combine(_: &mut (), _: &()) {}

    fn trailer(_: &()) -> Vec<u8> {
        Vec::new()
    }
}
