//! Zstandard as one frame, by the threads of its own library.

use std::io::{self, Write};
use std::num::NonZeroUsize;

use zstd::stream::raw::CParameter;
use zstd::stream::write::Encoder;

use super::affordable;

/// What one thread compresses at a time.
const JOB_BYTES: u32 = 2 << 20;
/// How far back matches reach, as a power of two: the kernel keeps so much while it unpacks.
const WINDOW_LOG: u32 = 21;
/// The largest level that needs no more memory than the jobs do.
const LIGHT_LEVEL_MAX: u32 = 9;
/// Measured: jobs before and after, and tables.
const LIGHT_THREAD_BYTES: usize = 10 << 20;
const HEAVY_THREAD_BYTES: usize = 48 << 20;

pub(super) fn encoder<'a, W: Write>(
    level: u32,
    threads: NonZeroUsize,
    output: W,
) -> io::Result<Encoder<'a, W>> {
    let each = if level <= LIGHT_LEVEL_MAX { LIGHT_THREAD_BYTES } else { HEAVY_THREAD_BYTES };
    let mut encoder = Encoder::new(output, level.cast_signed())?;
    encoder.include_checksum(true)?;
    // Without any worker the bytes are others, so there always is one.
    encoder.set_parameter(CParameter::NbWorkers(affordable(threads, each) as u32))?;
    encoder.set_parameter(CParameter::JobSize(JOB_BYTES))?;
    encoder.set_parameter(CParameter::WindowLog(WINDOW_LOG))?;
    Ok(encoder)
}
