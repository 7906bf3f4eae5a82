//! Decompression of bytes from outside, bounded in output and in memory.

mod memory;
#[cfg(test)]
mod tests;
mod xz;
mod zstd;

use std::io::{self, BufRead, Read, Write};

use flate2::bufread::{GzDecoder, MultiGzDecoder};

const BUFFER_BYTES: usize = 256 * 1024;
// Below this much output no ratio is suspicious: real packages hold files of zeros.
const RATIO_FREE_BYTES: u64 = 64 << 20;
const RATIO_MAX: u64 = 1024;

/// How bytes are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Compression {
    /// Not at all.
    None,
    /// gzip, possibly several members.
    Gzip,
    /// Zstandard, possibly several frames.
    Zstd,
    /// xz, possibly several streams.
    Xz,
}

impl Compression {
    /// Tells by the first six bytes, because a name may say anything.
    pub fn of_magic(magic: &[u8]) -> Self {
        const KNOWN: [(&[u8], Compression); 3] = [
            (b"\x1f\x8b", Compression::Gzip),
            (b"\x28\xb5\x2f\xfd", Compression::Zstd),
            (b"\xfd7zXZ\0", Compression::Xz),
        ];
        let known = KNOWN.iter().find(|(start, _)| magic.starts_with(start));
        known.map_or(Self::None, |(_, compression)| *compression)
    }

    /// Every compression, the cheapest to undo first.
    pub const ALL: [Self; 4] = [Self::None, Self::Zstd, Self::Gzip, Self::Xz];

    /// What file names end with: empty for none.
    pub fn suffix(self) -> &'static str {
        match self {
            Self::None => "",
            Self::Gzip => ".gz",
            Self::Zstd => ".zst",
            Self::Xz => ".xz",
        }
    }
}

/// Why compressed bytes could not be turned into plain ones.
#[derive(Debug, thiserror::Error)]
pub enum DecompressError {
    /// The bytes are not what they claim to be, or end too early.
    #[error("compressed data is damaged")]
    Damaged(#[source] io::Error),
    /// Other bytes follow the compressed ones.
    #[error("bytes follow the end of the compressed data")]
    Trailing,
    /// There is more output than allowed.
    #[error("decompresses to more than {limit} bytes")]
    TooLarge {
        /// What was allowed.
        limit: u64,
    },
    /// The output is so much larger than the input that only malice explains it.
    #[error("{input} compressed bytes became {output}: a decompression bomb")]
    Bomb {
        /// Compressed bytes read.
        input: u64,
        /// Plain bytes that came of them.
        output: u64,
    },
    /// The compressor asks for more memory to decompress than is granted.
    #[error("decompression needs more than {} MiB of memory", limit >> 20)]
    Memory {
        /// What is granted, in bytes.
        limit: u64,
    },
    /// The compressed bytes could not be read.
    #[error("read compressed data")]
    Read(#[source] io::Error),
    /// The plain bytes could not be written.
    #[error("write decompressed data")]
    Write(#[source] io::Error),
}

/// Writes to `output` what `input` decompresses to, at most `limit` bytes; returns how many.
///
/// `input_bytes` says how large the input is: a large one may be decoded by two threads. The
/// caller checks a digest of the input or of the output: not every format's checksum is looked at.
pub fn decompress(
    compression: Compression,
    input: &mut dyn BufRead,
    input_bytes: u64,
    output: &mut dyn Write,
    limit: u64,
) -> Result<u64, DecompressError> {
    let mut input = Counted { inner: input, count: 0, failed: false };
    let mut sink = Sink { output, limit, written: 0 };
    match compression {
        Compression::None => copy_none(&mut input, &mut sink)?,
        Compression::Gzip => copy_gzip(&mut input, &mut sink)?,
        Compression::Zstd => zstd::copy(&mut input, &mut sink)?,
        Compression::Xz => xz::copy(&mut input, input_bytes, &mut sink)?,
    }
    if !input.fill_buf().map_err(DecompressError::Read)?.is_empty() {
        return Err(DecompressError::Trailing);
    }
    Ok(sink.written)
}

/// Like [`decompress`] for one member of a gzip file; what follows it stays in `input`.
pub fn gunzip_member(
    input: &mut dyn BufRead,
    output: &mut dyn Write,
    limit: u64,
) -> Result<u64, DecompressError> {
    let mut input = Counted { inner: input, count: 0, failed: false };
    let mut sink = Sink { output, limit, written: 0 };
    let mut decoder = GzDecoder::new(&mut input);
    copy_decoded(&mut decoder, |decoder| decoder.get_ref(), &mut sink)?;
    Ok(sink.written)
}

fn copy_none(input: &mut Counted<'_>, sink: &mut Sink<'_>) -> Result<(), DecompressError> {
    loop {
        let bytes = input.fill_buf().map_err(DecompressError::Read)?;
        if bytes.is_empty() {
            return Ok(());
        }
        let count = bytes.len();
        sink.write(bytes, u64::MAX)?;
        input.consume(count);
    }
}

fn copy_gzip(input: &mut Counted<'_>, sink: &mut Sink<'_>) -> Result<(), DecompressError> {
    let mut decoder = MultiGzDecoder::new(input);
    copy_decoded(&mut decoder, |decoder| decoder.get_ref(), sink)
}

/// Copies what a decoder gives; `source` finds the input inside the decoder.
fn copy_decoded<'a, D: Read>(
    decoder: &mut D,
    source: impl Fn(&D) -> &Counted<'a>,
    sink: &mut Sink<'_>,
) -> Result<(), DecompressError> {
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let mut filled = 0;
        // A decoder gives a block at a time; fewer and larger writes are cheaper.
        while filled < buffer.len() {
            match decoder.read(&mut buffer[filled..]) {
                Ok(0) => return sink.write(&buffer[..filled], source(decoder).count),
                Ok(count) => filled += count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(source(decoder).sort(error)),
            }
        }
        sink.write(&buffer, source(decoder).count)?;
    }
}

/// A reader that counts what was taken from it, and knows whether it is itself at fault.
struct Counted<'a> {
    inner: &'a mut dyn BufRead,
    count: u64,
    failed: bool,
}

impl Counted<'_> {
    /// Tells an input that cannot be read from one that makes no sense.
    fn sort(&self, error: io::Error) -> DecompressError {
        if self.failed { DecompressError::Read(error) } else { DecompressError::Damaged(error) }
    }
}

impl Read for Counted<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer);
        self.failed |= count.is_err();
        self.count += *count.as_ref().unwrap_or(&0) as u64;
        count
    }
}

impl BufRead for Counted<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        let filled = self.inner.fill_buf();
        self.failed |= filled.is_err();
        filled
    }

    fn consume(&mut self, count: usize) {
        self.count += count as u64;
        self.inner.consume(count);
    }
}

/// A writer that refuses more than its limit, and bombs.
struct Sink<'a> {
    output: &'a mut dyn Write,
    limit: u64,
    written: u64,
}

impl Sink<'_> {
    fn write(&mut self, bytes: &[u8], input: u64) -> Result<(), DecompressError> {
        let output = self.written.saturating_add(bytes.len() as u64);
        if output > self.limit {
            return Err(DecompressError::TooLarge { limit: self.limit });
        }
        if output > RATIO_FREE_BYTES && output / RATIO_MAX > input {
            return Err(DecompressError::Bomb { input, output });
        }
        self.output.write_all(bytes).map_err(DecompressError::Write)?;
        self.written = output;
        Ok(())
    }
}
