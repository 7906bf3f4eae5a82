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
/// How much memory each thread takes, measured at the highest of these levels.
const LIGHT: (u32, usize) = (4, 5 << 20);
const MEDIUM: (u32, usize) = (12, 16 << 20);
/// The highest levels take twice as much as they should: two threads together 180 MiB.
const HEAVY_BYTES: usize = 48 << 20;

pub(super) fn encoder<'a, W: Write>(
    level: u32,
    threads: NonZeroUsize,
    output: W,
) -> io::Result<Encoder<'a, W>> {
    let each = match level {
        level if level <= LIGHT.0 => LIGHT.1,
        level if level <= MEDIUM.0 => MEDIUM.1,
        _ => HEAVY_BYTES,
    };
    let mut encoder = Encoder::new(output, level.cast_signed())?;
    encoder.include_checksum(true)?;
    // Without any worker the bytes are others, so there always is one.
    encoder.set_parameter(CParameter::NbWorkers(affordable(threads, each) as u32))?;
    encoder.set_parameter(CParameter::JobSize(JOB_BYTES))?;
    encoder.set_parameter(CParameter::WindowLog(WINDOW_LOG))?;
    Ok(encoder)
}
