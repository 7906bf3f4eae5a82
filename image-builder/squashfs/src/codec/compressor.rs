//! Makes blocks smaller, in the exact forms that the kernel reads.

use std::io;

use flate2::{Compress, FlushCompress, Status};
use liblzma::stream::{Action, Check, Filters, LzmaOptions, Stream};

use crate::format::METADATA_BYTES;
use crate::format::superblock::algorithm;
use crate::options::{Compression, Options};

/// What the `xz` command takes when it is not told a preset.
const XZ_PRESET: u32 = 6;

/// Makes blocks smaller; each thread has its own.
pub(crate) struct Compressor {
    engine: Engine,
    output: Vec<u8>,
}

enum Engine {
    Zstd(zstd::bulk::Compressor<'static>),
    Gzip(Compress, flate2::Compression),
    Xz(Filters),
}

impl Compressor {
    pub(crate) fn new(options: &Options) -> io::Result<Self> {
        let engine = match options.compression {
            Compression::Zstd(level) => Engine::Zstd(zstd::bulk::Compressor::new(level)?),
            Compression::Gzip(level) => {
                let level = flate2::Compression::new(level);
                Engine::Gzip(Compress::new(level, true), level)
            }
            Compression::Xz => {
                // The kernel has a dictionary of this size and no larger.
                let dictionary_bytes = options.block_size.max(METADATA_BYTES as u32);
                let mut lzma = LzmaOptions::new_preset(XZ_PRESET)?;
                lzma.dict_size(dictionary_bytes);
                let mut filters = Filters::new();
                filters.lzma2(&lzma);
                Engine::Xz(filters)
            }
        };
        Ok(Self { engine, output: Vec::new() })
    }

    /// Returns the bytes compressed; nothing if that makes them no fewer.
    pub(crate) fn compress(&mut self, bytes: &[u8]) -> io::Result<Option<&[u8]>> {
        let limit = bytes.len().saturating_sub(1);
        let length = match &mut self.engine {
            Engine::Zstd(engine) => {
                self.output.clear();
                self.output.reserve(zstd::zstd_safe::compress_bound(bytes.len()));
                Some(engine.compress_to_buffer(bytes, &mut self.output)?)
            }
            Engine::Gzip(engine, level) => {
                self.output.resize(limit, 0);
                engine.reset();
                let status = engine.compress(bytes, &mut self.output, FlushCompress::Finish)?;
                let is_done = status == Status::StreamEnd;
                let length = is_done.then_some(engine.total_out() as usize);
                if !is_done {
                    // At level 1, resetting zlib-rs 0.6.8 amid a stream can spoil the next one.
                    *engine = Compress::new(*level, true);
                }
                length
            }
            Engine::Xz(filters) => {
                self.output.resize(limit, 0);
                // The kernel knows no other sum.
                let mut stream = Stream::new_stream_encoder(filters, Check::Crc32)?;
                let status = stream.process(bytes, &mut self.output, Action::Finish)?;
                let is_done = matches!(status, liblzma::stream::Status::StreamEnd);
                is_done.then_some(stream.total_out() as usize)
            }
        };
        Ok(length.filter(|length| *length <= limit).map(|length| &self.output[..length]))
    }
}

/// The number of the algorithm, and what is said of its options after the superblock.
pub(crate) fn description(compression: Compression) -> (u16, Vec<u8>) {
    match compression {
        Compression::Zstd(level) => (algorithm::ZSTD, level.to_le_bytes().to_vec()),
        Compression::Gzip(level) => {
            let (window_log, strategies) = (15u16, 0u16);
            let rest = [window_log.to_le_bytes(), strategies.to_le_bytes()].concat();
            (algorithm::GZIP, [&level.to_le_bytes()[..], &rest].concat())
        }
        // Without options, its dictionary has the size of a block.
        Compression::Xz => (algorithm::XZ, Vec::new()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::codec::Expander;

    /// Blocks that do not shrink, each followed by one that does.
    fn check(compression: Compression) {
        let options = Options { compression, ..Options::new(0) };
        let mut compressor = Compressor::new(&options).unwrap();
        let mut expander = Expander::new(description(compression).0).unwrap();
        let text = b"the same line again\n".repeat(6500);
        for number in 1..200 {
            let noise = test_support::noise(5, number * 331);
            assert_eq!(compressor.compress(&noise).unwrap(), None);
            let smaller = compressor.compress(&text).unwrap().unwrap();
            let mut back = vec![0; text.len()];
            assert_eq!(expander.expand(smaller, &mut back).unwrap(), text.len());
            assert!(back == text);
        }
    }

    #[test]
    fn what_is_compressed_is_expanded_whatever_came_before() {
        check(Compression::Zstd(1));
        check(Compression::Xz);
        check(Compression::Gzip(1));
        check(Compression::Gzip(9));
    }
}
