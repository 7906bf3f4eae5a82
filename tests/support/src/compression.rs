//! The compressions of packages and indexes.

use std::io::{self, Read, Write};

/// How a member or an index is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Compression {
    /// Not at all.
    None,
    /// gzip.
    Gz,
    /// xz.
    Xz,
    /// zstd.
    Zst,
}

impl Compression {
    /// The end of a file name, dot included.
    pub fn extension(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Gz => ".gz",
            Self::Xz => ".xz",
            Self::Zst => ".zst",
        }
    }

    /// Compresses some bytes.
    pub fn compress(self, bytes: &[u8]) -> Vec<u8> {
        self.compress_from(bytes)
    }

    /// Compresses everything a reader gives, however much that is.
    pub fn compress_from(self, mut reader: impl Read) -> Vec<u8> {
        let mut output = Vec::new();
        match self {
            Self::None => drop(reader.read_to_end(&mut output).unwrap()),
            Self::Gz => {
                let level = flate2::Compression::new(6);
                let mut encoder = flate2::write::GzEncoder::new(&mut output, level);
                copy(&mut reader, &mut encoder);
                encoder.finish().unwrap();
            }
            Self::Xz => {
                let mut encoder = liblzma::write::XzEncoder::new(&mut output, 1);
                copy(&mut reader, &mut encoder);
                encoder.finish().unwrap();
            }
            Self::Zst => {
                let mut encoder = zstd::Encoder::new(&mut output, 3).unwrap();
                copy(&mut reader, &mut encoder);
                encoder.finish().unwrap();
            }
        }
        output
    }
}

fn copy(reader: &mut impl Read, writer: &mut impl Write) {
    io::copy(reader, writer).unwrap();
}
