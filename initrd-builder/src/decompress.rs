//! Decompresses one archive of an initrd, bounded in output and in memory.

pub(crate) mod lz4;
mod xz;

use std::io::{self, BufRead, Read, Write};

use flate2::bufread::GzDecoder;

use crate::compression::Compression;

const BUFFER_BYTES: usize = 256 * 1024;
/// As much as the kernel grants.
const ZSTD_WINDOW_LOG_MAX: u32 = 27;

/// What some bytes at the beginning of an archive say about it.
pub(crate) enum Kind {
    /// It can be decompressed.
    Known(Compression),
    /// It is something else, in words.
    Other(&'static str),
}

impl Kind {
    /// Looks at the first bytes; there may be fewer than six.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let begins = |magic: &[u8]| bytes.starts_with(magic);
        match () {
            () if tree::cpio::is_archive(bytes) => Self::Known(Compression::None),
            () if begins(&[0x1f, 0x8b]) => Self::Known(Compression::Gzip),
            () if begins(&[0xfd, b'7', b'z', b'X', b'Z', 0]) => Self::Known(Compression::Xz),
            () if begins(&[0x28, 0xb5, 0x2f, 0xfd]) => Self::Known(Compression::Zstd),
            () if begins(&lz4::MAGIC.to_le_bytes()) => Self::Known(Compression::Lz4),
            () if begins(&[0x04, 0x22, 0x4d, 0x18]) => {
                Self::Other("an lz4 frame, which the kernel cannot read,")
            }
            () if begins(b"BZh") => Self::Other("bzip2 data, which is not supported,"),
            () if begins(&[0x5d, 0, 0]) => Self::Other("lzma data, which is not supported,"),
            () if begins(&[0x89, b'L', b'Z', b'O']) => {
                Self::Other("lzo data, which is not supported,")
            }
            () if begins(b"0707") => Self::Other("an archive that is not of the newc format"),
            () => Self::Other("no archive"),
        }
    }
}

/// Why an archive could not be decompressed.
pub(crate) enum Fault {
    Input(io::Error),
    Damaged(io::Error),
    Output(io::Error),
    TooLarge,
}

/// Writes one archive's bytes to `output`, and takes from `input` exactly what they came from.
/// Takes what is written from `limit`.
pub(crate) fn decompress(
    compression: Compression,
    input: &mut dyn BufRead,
    output: &mut dyn Write,
    limit: &mut u64,
) -> Result<u64, Fault> {
    let mut input = Counted { inner: input, count: 0, failed: false };
    let mut sink = Sink { output, limit };
    match compression {
        Compression::None => copy(&mut input, |_| false, &mut sink)?,
        Compression::Gzip => {
            let mut decoder = GzDecoder::new(&mut input);
            copy(&mut decoder, |decoder| decoder.get_ref().failed, &mut sink)?;
        }
        Compression::Zstd => {
            let decoder = zstd::stream::read::Decoder::with_buffer(&mut input);
            let mut decoder = decoder.map_err(Fault::Damaged)?.single_frame();
            decoder.window_log_max(ZSTD_WINDOW_LOG_MAX).map_err(Fault::Damaged)?;
            copy(&mut decoder, |decoder| decoder.get_ref().failed, &mut sink)?;
        }
        Compression::Xz => xz::copy(&mut input, &mut sink)?,
        Compression::Lz4 => lz4::copy(&mut input, &mut sink)?,
    }
    Ok(input.count)
}

/// Copies what a decoder gives; `failed` says whether its input is at fault.
fn copy<D: Read>(
    decoder: &mut D,
    failed: impl Fn(&D) -> bool,
    sink: &mut Sink<'_>,
) -> Result<(), Fault> {
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        match decoder.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => sink.write(&buffer[..count])?,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if failed(decoder) => return Err(Fault::Input(error)),
            Err(error) => return Err(Fault::Damaged(error)),
        }
    }
}

/// A reader that counts what was taken from it, and knows whether it is itself at fault.
struct Counted<'a> {
    inner: &'a mut dyn BufRead,
    count: u64,
    failed: bool,
}

impl Counted<'_> {
    /// Fills the buffer; tells an input that ends from one that cannot be read.
    fn take(&mut self, buffer: &mut [u8]) -> Result<(), Fault> {
        self.read_exact(buffer).map_err(|error| match self.failed {
            true => Fault::Input(error),
            false => Fault::Damaged(error),
        })
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

/// A writer that refuses more than its limit.
struct Sink<'a> {
    output: &'a mut dyn Write,
    limit: &'a mut u64,
}

impl Sink<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        *self.limit = self.limit.checked_sub(bytes.len() as u64).ok_or(Fault::TooLarge)?;
        self.output.write_all(bytes).map_err(Fault::Output)
    }
}
