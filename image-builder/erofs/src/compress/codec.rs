//! The compressors.

use std::io;

use zstd::bulk::Compressor;
use zstd::zstd_safe::{CParameter, compress_bound};

use crate::options::{Algorithm, Compression};

/// A compressor and its state.
pub(super) enum Codec {
    Lz4,
    Lz4hc(i32),
    Zstd(Box<Compressor<'static>>),
}

impl Codec {
    /// Makes the compressor that was asked for.
    pub(super) fn new(compression: Compression) -> io::Result<Self> {
        Ok(match compression.algorithm {
            Algorithm::Lz4 => Self::Lz4,
            Algorithm::Lz4hc(level) => Self::Lz4hc(level.into()),
            Algorithm::Zstd(level) => {
                let mut compressor = Compressor::new(level.into())?;
                // The kernel keeps no more of the past than the superblock asks for.
                let window = compression.cluster_bytes.ilog2();
                compressor.set_parameter(CParameter::WindowLog(window))?;
                Self::Zstd(Box::new(compressor))
            }
        })
    }

    /// Compresses `input` to the beginning of `output`; none if it takes more than `most` bytes.
    pub(super) fn compress(
        &mut self,
        input: &[u8],
        most: usize,
        output: &mut Vec<u8>,
    ) -> io::Result<Option<usize>> {
        if most == 0 {
            return Ok(None);
        }
        output.resize(compress_bound(input.len()).max(most), 0);
        let length = match self {
            // These two fail only if the room is too small.
            Self::Lz4 => lzzzz::lz4::compress(input, &mut output[..most], 1).ok(),
            Self::Lz4hc(level) => lzzzz::lz4_hc::compress(input, &mut output[..most], *level).ok(),
            Self::Zstd(compressor) => {
                Some(compressor.compress_to_buffer(input, output.as_mut_slice())?)
            }
        };
        Ok(length.filter(|length| (1..=most).contains(length)))
    }
}
