//! Zstandard, with the window that the first frame asks for.

use std::io::BufRead;

use zstd::stream::read::Decoder;

use super::{Counted, DecompressError, Sink, copy_decoded, memory};

const WINDOW_MAX_BYTES: u64 = 128 << 20;
// The decoder's own tables and output buffer.
const OVERHEAD_BYTES: u64 = 1 << 20;
const MAGIC: [u8; 4] = [0x28, 0xb5, 0x2f, 0xfd];

pub(super) fn copy(input: &mut Counted<'_>, sink: &mut Sink<'_>) -> Result<(), DecompressError> {
    let head = input.fill_buf().map_err(DecompressError::Read)?;
    if head.is_empty() {
        return Err(DecompressError::Damaged(std::io::ErrorKind::UnexpectedEof.into()));
    }
    let window = window_bytes(head).unwrap_or(WINDOW_MAX_BYTES);
    if window > WINDOW_MAX_BYTES {
        return Err(DecompressError::Memory { limit: WINDOW_MAX_BYTES });
    }
    let _permit = memory::acquire(window + OVERHEAD_BYTES);
    // Ten is the least that the format knows.
    let window_log = window.next_power_of_two().ilog2().max(10);
    let mut decoder = Decoder::with_buffer(input).map_err(DecompressError::Damaged)?;
    decoder.window_log_max(window_log).map_err(DecompressError::Damaged)?;
    copy_decoded(&mut decoder, |decoder| decoder.get_ref(), sink)
}

/// Reads the window's size from a frame header (RFC 8878, 3.1.1.1).
fn window_bytes(head: &[u8]) -> Option<u64> {
    let descriptor = *head.strip_prefix(&MAGIC)?.first()?;
    let rest = &head[MAGIC.len() + 1..];
    let is_single_segment = descriptor & 0x20 != 0;
    if !is_single_segment {
        let window = *rest.first()?;
        let base = 1_u64 << (10 + u32::from(window >> 3));
        return Some(base + base / 8 * u64::from(window & 7));
    }
    let dictionary_id_length = [0, 1, 2, 4][usize::from(descriptor & 3)];
    let size_length = [1, 2, 4, 8][usize::from(descriptor >> 6)];
    let size = rest.get(dictionary_id_length..dictionary_id_length + size_length)?;
    let mut bytes = [0; 8];
    bytes[..size_length].copy_from_slice(size);
    let offset = if size_length == 2 { 256 } else { 0 };
    u64::from_le_bytes(bytes).checked_add(offset)
}
