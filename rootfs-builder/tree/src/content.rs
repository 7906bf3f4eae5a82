//! The bytes of a regular file: in memory, a span of a file on disk, or put together when read.

mod parts;
mod reader;
mod source;

use std::fs::File;
use std::io::{self, Read, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

pub use parts::PartReader;
pub use reader::ContentReader;
pub use source::Source;

const BUFFER_BYTES: usize = 64 * 1024;

/// In smaller files, looking for holes costs more than they save.
pub(crate) const HOLES_BYTES_MIN: u64 = 1 << 20;

/// The bytes of a regular file.
///
/// Equality compares where the bytes are, not what they are.
#[derive(Debug, Clone)]
pub enum Content {
    /// Small or made bytes.
    Inline(Arc<[u8]>),
    /// Part of a file that outlives the tree: an opened package, or a file of a directory.
    Span {
        /// The file.
        file: Arc<Path>,
        /// Where the bytes begin.
        offset: u64,
        /// How many there are.
        length: u64,
    },
    /// Bytes put together when they are read: extents with holes, compressed blocks.
    Made(Arc<dyn Source>),
}

impl PartialEq for Content {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Inline(a), Self::Inline(b)) => a == b,
            (Self::Made(a), Self::Made(b)) => Arc::ptr_eq(a, b),
            (
                Self::Span { file: a, offset: a_offset, length: a_length },
                Self::Span { file: b, offset: b_offset, length: b_length },
            ) => (a_offset, a_length) == (b_offset, b_length) && a == b,
            _ => false,
        }
    }
}

impl Eq for Content {}

impl Content {
    /// How many bytes there are.
    pub fn length(&self) -> u64 {
        match self {
            Self::Inline(bytes) => bytes.len() as u64,
            Self::Span { length, .. } => *length,
            Self::Made(source) => source.length(),
        }
    }

    /// Opens the bytes for reading.
    pub fn open(&self) -> io::Result<ContentReader> {
        ContentReader::new(self)
    }

    /// Where bytes are that are not zero, in order and in whole blocks of 4096 bytes; what lies
    /// between are holes. It depends on the bytes alone, not on where the host keeps holes; files
    /// below 1 MiB have none. A source that puts bytes together is believed.
    pub fn data_ranges(&self) -> io::Result<Vec<Range<u64>>> {
        match (self, self.length()) {
            (_, 0) => Ok(Vec::new()),
            (_, length @ 1..HOLES_BYTES_MIN) => Ok(std::iter::once(0..length).collect()),
            (Self::Made(source), _) => source.data_ranges(),
            _ => source::without_zeros(&self.open()?, self.length(), self.allocated_ranges()?),
        }
    }

    /// Where bytes are that may not be zero, as far as it is known without reading them.
    pub(crate) fn allocated_ranges(&self) -> io::Result<Vec<Range<u64>>> {
        match self {
            Self::Inline(bytes) => Ok(std::iter::once(0..bytes.len() as u64).collect()),
            Self::Span { file, offset, length } => source::data_of_file(file, *offset, *length),
            Self::Made(source) => source.data_ranges(),
        }
    }

    /// Reads all bytes, refusing more than `limit`.
    pub fn read(&self, limit: u64) -> io::Result<Vec<u8>> {
        if self.length() > limit {
            return Err(io::Error::new(
                io::ErrorKind::FileTooLarge,
                "file is larger than expected",
            ));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(self.length()).unwrap_or(0));
        self.open()?.read_to_end(&mut bytes)?;
        Ok(bytes)
    }

    /// Computes the SHA-256 digest of the bytes.
    pub fn sha256(&self) -> io::Result<[u8; 32]> {
        let mut hasher = HashWriter(Sha256::new());
        self.write_to(&mut hasher, &mut OpenSource::default())?;
        Ok(hasher.0.finalize().into())
    }

    /// Whether both hold the same bytes, wherever those are.
    pub fn has_bytes_of(&self, other: &Content) -> io::Result<bool> {
        if self == other {
            return Ok(true);
        }
        if self.length() != other.length() {
            return Ok(false);
        }
        let (mut ours, mut theirs) = (self.open()?, other.open()?);
        let mut buffers = (vec![0; BUFFER_BYTES], vec![0; BUFFER_BYTES]);
        let mut left = self.length();
        while left > 0 {
            let count = chunk_bytes(left);
            let (a, b) = (&mut buffers.0[..count], &mut buffers.1[..count]);
            ours.read_exact(a)?;
            theirs.read_exact(b)?;
            if a != b {
                return Ok(false);
            }
            left -= count as u64;
        }
        Ok(true)
    }

    /// Whether the bytes are a file below this directory of the host.
    pub fn is_stored_below(&self, directory: &Path) -> bool {
        match self {
            Self::Inline(_) => false,
            Self::Span { file, .. } => file.starts_with(directory),
            Self::Made(source) => source.is_stored_below(directory),
        }
    }

    /// Writes all bytes to `output`, opening no file that `source` has open already.
    pub(crate) fn write_to(
        &self,
        output: &mut dyn Write,
        source: &mut OpenSource,
    ) -> io::Result<()> {
        let (file, mut position, mut left) = match self {
            Self::Inline(bytes) => return output.write_all(bytes),
            Self::Span { file, offset, length } => (file, *offset, *length),
            Self::Made(_) => return io::copy(&mut self.open()?, output).map(drop),
        };
        let (file, buffer) = source.open(file)?;
        while left > 0 {
            let chunk = &mut buffer[..chunk_bytes(left)];
            file.read_exact_at(chunk, position)?;
            output.write_all(chunk)?;
            position += chunk.len() as u64;
            left -= chunk.len() as u64;
        }
        Ok(())
    }
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        Self::Inline(bytes.into())
    }
}

/// The file that the last span came from, and a buffer to copy with.
#[derive(Debug, Default)]
pub(crate) struct OpenSource {
    parts: PartReader,
    buffer: Vec<u8>,
}

impl OpenSource {
    /// Opens `wanted` unless it is open, and lends a buffer to copy with.
    pub(crate) fn open(&mut self, wanted: &Arc<Path>) -> io::Result<(&File, &mut [u8])> {
        self.buffer.resize(BUFFER_BYTES, 0);
        Ok((self.parts.file(wanted)?, &mut self.buffer))
    }
}

struct HashWriter(Sha256);

impl Write for HashWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn chunk_bytes(left: u64) -> usize {
    usize::try_from(left).unwrap_or(usize::MAX).min(BUFFER_BYTES)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn span(directory: &Path, bytes: &[u8], offset: u64, length: u64) -> Content {
        let path = directory.join("source");
        fs_err::write(&path, bytes).unwrap();
        Content::Span { file: path.into(), offset, length }
    }

    #[test]
    fn a_span_reads_only_its_part() {
        let directory = tempfile::tempdir().unwrap();
        let content = span(directory.path(), b"before-part-after", 7, 4);
        assert_eq!(content.read(4).unwrap(), b"part");
    }

    #[test]
    fn more_than_the_limit_is_not_read() {
        let error = Content::from(vec![0; 5]).read(4).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
    }

    #[test]
    fn a_file_shorter_than_its_span_is_an_error() {
        let directory = tempfile::tempdir().unwrap();
        let content = span(directory.path(), b"short", 3, 10);
        assert_eq!(content.read(10).unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
        assert_eq!(content.sha256().unwrap_err().kind(), io::ErrorKind::UnexpectedEof);
    }

    #[test]
    fn bytes_are_equal_wherever_they_are() {
        let directory = tempfile::tempdir().unwrap();
        let bytes = vec![7; BUFFER_BYTES + 1];
        let content = span(directory.path(), &bytes, 0, bytes.len() as u64);
        assert!(content.has_bytes_of(&Content::from(bytes.clone())).unwrap());
        let changed = [&bytes[..BUFFER_BYTES], b"x"].concat();
        assert!(!content.has_bytes_of(&Content::from(changed)).unwrap());
    }

    #[test]
    fn holes_of_a_file_are_no_data_and_a_span_sees_only_its_own() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("sparse");
        let file = File::create(&path).unwrap();
        file.set_len(8 << 20).unwrap();
        file.write_all_at(&[1; 4096], 1 << 20).unwrap();
        file.write_all_at(&[1; 4096], 4 << 20).unwrap();
        let span = |offset, length| Content::Span { file: path.as_path().into(), offset, length };
        let whole = span(0, 8 << 20).allocated_ranges().unwrap();
        assert_eq!(whole, [1 << 20..(1 << 20) + 4096, 4 << 20..(4 << 20) + 4096]);
        let part = span((1 << 20) + 1000, 1 << 20).allocated_ranges().unwrap();
        assert_eq!(part, std::iter::once(0..3096).collect::<Vec<_>>());
        assert_eq!(span(5 << 20, 1 << 20).data_ranges().unwrap(), []);
    }

    #[test]
    fn holes_depend_on_the_bytes_alone() {
        let directory = tempfile::tempdir().unwrap();
        let mut bytes = vec![0; (2 << 20) + 100];
        bytes[5000] = 1;
        bytes[(1 << 20) - 1] = 1;
        bytes[(1 << 20) + 1] = 1;
        bytes[(1 << 20) + 40_000] = 1;
        bytes[(2 << 20) + 50] = 1;
        let (dense, sparse) = (directory.path().join("dense"), directory.path().join("sparse"));
        std::fs::write(&dense, &bytes).unwrap();
        let file = File::create(&sparse).unwrap();
        file.set_len(bytes.len() as u64).unwrap();
        for (at, byte) in bytes.iter().enumerate().filter(|(_, byte)| **byte != 0) {
            file.write_all_at(&[*byte], at as u64).unwrap();
        }
        let length = bytes.len() as u64;
        let span = |path: &Path| Content::Span { file: path.into(), offset: 0, length };
        let mib = 1 << 20;
        let expected = [4096..8192, mib - 4096..mib + (64 << 10), 2 * mib..2 * mib + 100];
        for content in [span(&dense), span(&sparse), Content::from(bytes)] {
            assert_eq!(content.data_ranges().unwrap(), expected);
        }
        assert_eq!(Content::from(vec![0; 4096]).data_ranges().unwrap().len(), 1);
    }

    /// Ten thousand bytes that count.
    #[derive(Debug)]
    struct Counting;

    impl Source for Counting {
        fn length(&self) -> u64 {
            10_000
        }

        fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
            (offset..).zip(buffer).for_each(|(number, byte)| *byte = (number % 251) as u8);
            Ok(())
        }
    }

    #[test]
    fn made_bytes_are_read_like_others() {
        let made = Content::Made(Arc::new(Counting));
        let expected: Vec<_> = (0..10_000u64).map(|number| (number % 251) as u8).collect();
        assert_eq!(made.read(10_000).unwrap(), expected);
        let mut part = [0; 5];
        made.open().unwrap().read_exact_at(&mut part, 9_995).unwrap();
        assert_eq!(part, expected[9_995..]);
        assert!(made.open().unwrap().read_exact_at(&mut part, 9_996).is_err());
        assert_eq!(made.sha256().unwrap(), Content::from(expected).sha256().unwrap());
        assert!(made == made.clone() && made != Content::Made(Arc::new(Counting)));
    }

    #[test]
    fn the_digest_is_sha256() {
        let digest = Content::from(b"abc".to_vec()).sha256().unwrap();
        assert_eq!(digest[..4], [0xba, 0x78, 0x16, 0xbf]);
    }
}
