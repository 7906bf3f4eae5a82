//! Decompresses blocks into bounded memory.

use std::fmt;
use std::io;

use flate2::{Decompress, FlushDecompress, Status};
use liblzma::stream::{Action, Stream};

use crate::error::Fault;
use crate::format::superblock::algorithm;

/// More than any dictionary of the format needs: the largest block has 1 MiB.
const XZ_MEMORY_BYTES: u64 = 16 << 20;

/// Decompresses blocks; each thread has its own.
pub(crate) enum Expander {
    Zstd(zstd::bulk::Decompressor<'static>),
    Gzip(Decompress),
    Xz,
}

impl fmt::Debug for Expander {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Expander")
    }
}

impl Expander {
    pub(crate) fn new(number: u16) -> Result<Self, Fault> {
        match number {
            algorithm::ZSTD => Ok(Self::Zstd(zstd::bulk::Decompressor::new()?)),
            algorithm::GZIP => Ok(Self::Gzip(Decompress::new(true))),
            algorithm::XZ => Ok(Self::Xz),
            other => Err(Fault::Compression(algorithm_name(other))),
        }
    }

    /// Decompresses a whole block; that it has more bytes than the buffer is an error.
    pub(crate) fn expand(&mut self, bytes: &[u8], buffer: &mut [u8]) -> io::Result<usize> {
        let unfinished = || io::Error::new(io::ErrorKind::InvalidData, "block does not end");
        match self {
            Self::Zstd(engine) => engine.decompress_to_buffer(bytes, buffer),
            Self::Gzip(engine) => {
                engine.reset(true);
                let status = engine.decompress(bytes, buffer, FlushDecompress::Finish)?;
                let is_done = status == Status::StreamEnd;
                is_done.then_some(engine.total_out() as usize).ok_or_else(unfinished)
            }
            Self::Xz => {
                let mut stream = Stream::new_stream_decoder(XZ_MEMORY_BYTES, 0)?;
                let status = stream.process(bytes, buffer, Action::Finish)?;
                let is_done = matches!(status, liblzma::stream::Status::StreamEnd);
                is_done.then_some(stream.total_out() as usize).ok_or_else(unfinished)
            }
        }
    }
}

fn algorithm_name(number: u16) -> &'static str {
    match number {
        algorithm::GZIP => "gzip",
        algorithm::LZMA => "lzma",
        algorithm::LZO => "lzo",
        algorithm::XZ => "xz",
        algorithm::LZ4 => "lz4",
        algorithm::ZSTD => "zstd",
        _ => "of an unknown number",
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::codec::{Compressor, description};
    use crate::options::{Compression, Options};

    #[test]
    fn a_block_larger_than_allowed_or_cut_off_is_an_error() {
        for compression in [Compression::Zstd(1), Compression::Gzip(1), Compression::Xz] {
            let options = Options { compression, ..Options::new(0) };
            let mut compressor = Compressor::new(&options).unwrap();
            let bomb = compressor.compress(&vec![0; 16 << 20]).unwrap().unwrap();
            let mut expander = Expander::new(description(compression).0).unwrap();
            for length in [0, 1, 8192, (16 << 20) - 1] {
                assert!(expander.expand(bomb, &mut vec![0; length]).is_err());
            }
            let mut buffer = vec![1; 16 << 20];
            assert_eq!(expander.expand(bomb, &mut buffer).unwrap(), 16 << 20);
            for length in [1, bomb.len() / 2, bomb.len() - 1] {
                assert!(expander.expand(&bomb[..length], &mut buffer).is_err());
            }
        }
    }
}
