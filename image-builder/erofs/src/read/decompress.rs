//! Decompresses one cluster.

use std::io;

/// How a cluster is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Algorithm {
    Plain,
    Lz4,
    /// Before Linux 5.3 what is compressed began where the block begins.
    Lz4Unpadded,
    Zstd,
}

/// Decompresses a cluster to exactly `length` bytes; what is compressed ends where
/// the last block ends, after zeros.
pub(super) fn decompress(
    algorithm: Algorithm,
    stored: &[u8],
    length: usize,
) -> io::Result<Vec<u8>> {
    let damaged = || io::Error::new(io::ErrorKind::InvalidData, "a cluster cannot be decompressed");
    let start = stored.iter().position(|byte| *byte != 0).unwrap_or(stored.len());
    let mut bytes = vec![0; length];
    let count = match algorithm {
        Algorithm::Plain => {
            bytes.copy_from_slice(stored.get(..length).ok_or_else(damaged)?);
            length
        }
        Algorithm::Lz4 => {
            lzzzz::lz4::decompress(&stored[start..], &mut bytes).map_err(|_| damaged())?
        }
        Algorithm::Lz4Unpadded => {
            lzzzz::lz4::decompress_partial(stored, &mut bytes, length).map_err(|_| damaged())?
        }
        Algorithm::Zstd => {
            zstd::bulk::decompress_to_buffer(&stored[start..], bytes.as_mut_slice())?
        }
    };
    if count == length { Ok(bytes) } else { Err(damaged()) }
}
