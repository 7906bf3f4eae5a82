//! xz as the kernel wants it, by the threads of its own library.

use std::io::{self, Write};
use std::num::NonZeroUsize;

use liblzma::stream::{Check, Filters, LzmaOptions, MtStreamBuilder};
use liblzma::write::XzEncoder;

use super::MEMORY_BYTES;

/// The kernel keeps so much while it unpacks.
const DICTIONARY_BYTES: u32 = 1 << 20;
/// What one thread compresses at a time.
const BLOCK_BYTES: u64 = 4 << 20;

pub(super) fn encoder<W: Write>(
    level: u32,
    threads: NonZeroUsize,
    output: W,
) -> io::Result<XzEncoder<W>> {
    let mut options = LzmaOptions::new_preset(level)?;
    options.dict_size(DICTIONARY_BYTES);
    let mut threads = u32::try_from(threads.get()).unwrap_or(u32::MAX).min(256);
    loop {
        let mut filters = Filters::new();
        filters.lzma2(&options);
        let mut builder = MtStreamBuilder::new();
        // The kernel knows no other checksum.
        builder.filters(filters).check(Check::Crc32).block_size(BLOCK_BYTES).threads(threads);
        if threads == 1 || builder.memusage() <= MEMORY_BYTES as u64 {
            return Ok(XzEncoder::new_stream(output, builder.encoder()?));
        }
        threads -= 1;
    }
}
