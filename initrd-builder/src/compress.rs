//! Compresses with all cores: the bytes do not depend on how many there are.

mod blocks;
mod gzip;
mod lz4;
mod xz;
mod zstd;

use std::io::Write;
use std::num::NonZeroUsize;

use crate::compression::{Compression, Compressor};
use crate::error::Error;

/// How much memory a compressor may take, whatever the number of cores.
const MEMORY_BYTES: usize = 100 << 20;

/// Compresses to `output` what `fill` writes.
pub(crate) fn compress(
    compressor: Compressor,
    threads: NonZeroUsize,
    output: &mut dyn Write,
    fill: impl FnOnce(&mut dyn Write) -> Result<(), Error>,
) -> Result<(), Error> {
    let (compression, level) = (compressor.compression(), compressor.level());
    let failed = |source| Error::Compress { compression, source };
    match compression {
        Compression::None => fill(output),
        Compression::Gzip => blocks::compress(gzip::Gzip::new(level), threads, output, fill),
        Compression::Lz4 => blocks::compress(lz4::Lz4::new(level), threads, output, fill),
        Compression::Xz => {
            let mut encoder = xz::encoder(level, threads, output).map_err(failed)?;
            fill(&mut encoder)?;
            encoder.finish().map(drop).map_err(failed)
        }
        Compression::Zstd => {
            let mut encoder = zstd::encoder(level, threads, output).map_err(failed)?;
            fill(&mut encoder)?;
            encoder.finish().map(drop).map_err(failed)
        }
    }
}

/// So many threads that each may take `each` bytes of memory, and at least one.
fn affordable(threads: NonZeroUsize, each: usize) -> usize {
    threads.get().min(MEMORY_BYTES / each).max(1)
}
