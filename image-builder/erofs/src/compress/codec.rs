//! The compressors: each makes as much of its input as fits into one cluster.

use std::io;

use zstd::bulk::Compressor;
use zstd::zstd_safe::{CParameter, compress_bound};

use crate::format::{BLOCK_BYTES, MAX_WINDOW_BITS};
use crate::options::{Algorithm, Compression};

/// How often Zstandard may try to fill a cluster.
const ATTEMPTS: usize = 4;

/// A compressor and its state.
pub(super) struct Codec {
    engine: Engine,
    cluster_bytes: usize,
    output: Vec<u8>,
    /// How much went into the cluster before.
    guess: usize,
}

enum Engine {
    Lz4,
    Lz4hc(i32),
    Zstd(Box<Compressor<'static>>),
}

impl Codec {
    /// Makes the compressor that was asked for.
    pub(super) fn new(compression: Compression) -> io::Result<Self> {
        let engine = match compression.algorithm {
            Algorithm::Lz4 => Engine::Lz4,
            Algorithm::Lz4hc(level) => Engine::Lz4hc(level.into()),
            Algorithm::Zstd(level) => {
                let mut compressor = Compressor::new(level.into())?;
                compressor.set_parameter(CParameter::WindowLog(MAX_WINDOW_BITS))?;
                Engine::Zstd(Box::new(compressor))
            }
        };
        let cluster_bytes = compression.cluster_bytes as usize;
        Ok(Self { engine, cluster_bytes, output: vec![0; cluster_bytes], guess: 0 })
    }

    /// Forgets what was compressed before.
    pub(super) fn begin(&mut self) {
        self.guess = self.cluster_bytes * 3;
    }

    /// Compresses the beginning of the input to one cluster; returns how much that was, and what
    /// it became. That is nothing if the input does not shrink.
    pub(super) fn fill(&mut self, input: &[u8]) -> io::Result<(usize, &[u8])> {
        let output = &mut self.output[..self.cluster_bytes];
        let filled = match &mut self.engine {
            Engine::Lz4 => lzzzz::lz4::compress_fill(input, output),
            Engine::Lz4hc(level) => lzzzz::lz4_hc::compress_fill(input, output, *level),
            Engine::Zstd(_) => return self.fill_by_trial(input),
        };
        let (read, written) = filled.map_err(io::Error::other)?;
        Ok((read, &self.output[..written]))
    }

    /// Zstandard cannot stop when its output is full, so the input is cut until it fits well.
    fn fill_by_trial(&mut self, input: &[u8]) -> io::Result<(usize, &[u8])> {
        let Engine::Zstd(compressor) = &mut self.engine else { return Ok((0, &[])) };
        let (mut best, mut scratch) = ((0, 0), Vec::new());
        let mut size = self.guess.max(2 * BLOCK_BYTES);
        for _ in 0..ATTEMPTS {
            size = size.min(input.len());
            scratch.resize(compress_bound(size), 0);
            let written = compressor.compress_to_buffer(&input[..size], scratch.as_mut_slice())?;
            let fits = written <= self.cluster_bytes;
            if fits && size > best.0 {
                best = (size, written);
                self.output[..written].copy_from_slice(&scratch[..written]);
            }
            let is_full = fits && (size == input.len() || written > self.cluster_bytes / 8 * 7);
            // A little less than what would fit if all of it compressed alike.
            let next = (size * self.cluster_bytes / written / 32 * 31).max(1);
            if is_full || next <= best.0 || next <= self.cluster_bytes {
                break;
            }
            size = next;
        }
        self.guess = best.0.max(self.cluster_bytes);
        let tried = if best.0 == 0 { self.cluster_bytes.min(input.len()) } else { best.0 };
        Ok((tried, &self.output[..best.1]))
    }
}
