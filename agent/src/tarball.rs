//! Reads what an archive of an agent brings, bounded and contained.

use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use liblzma::stream::{CONCATENATED, Stream};
use tree::{GuestPath, Node};

use crate::error::Error;

/// A whole guest with debugging symbols is smaller.
const PLAIN_BYTES_MAX: u64 = 4 << 30;
/// What `xz -9` needs, and some more.
const XZ_MEMORY_BYTES: u64 = 128 << 20;
/// What `zstd --long` needs at its default.
const ZSTD_WINDOW_LOG_MAX: u32 = 27;
const BUFFER_BYTES: usize = 256 * 1024;
const PLAIN_NAME: &str = "agent.tar";

/// Reads the members of an archive, in order; their contents stay in it, or in `work`.
pub(crate) fn read(archive: &Path, work: &Path) -> Result<Vec<(GuestPath, Node)>, Error> {
    let plain: Arc<Path> = plain(archive, work)?.into();
    tree::tar::read_spans(&plain).map_err(Error::Tree)
}

/// The archive itself if it is not compressed, else what it decompresses to.
fn plain(archive: &Path, work: &Path) -> Result<PathBuf, Error> {
    let unreadable = |source| Error::Read { path: archive.to_owned(), source };
    let file = fs_err::File::open(archive).map_err(unreadable)?;
    if !file.metadata().map_err(unreadable)?.is_file() {
        return Err(Error::NotFile { path: archive.to_owned() });
    }
    let mut input = BufReader::with_capacity(BUFFER_BYTES, file);
    let magic = input.fill_buf().map_err(unreadable)?;
    let Some(open) = decoder_for(magic) else { return Ok(archive.to_owned()) };
    let damaged = |source| Error::Decompress { archive: archive.to_owned(), source };
    let mut decoder = open(input).map_err(damaged)?;
    let place = work.join(PLAIN_NAME);
    let unwritable = |source| Error::Read { path: place.clone(), source };
    let mut output = BufWriter::new(fs_err::File::create(&place).map_err(unwritable)?);
    let count = copy(&mut decoder, &mut output, PLAIN_BYTES_MAX).map_err(damaged)?;
    output.flush().map_err(unwritable)?;
    if count > PLAIN_BYTES_MAX {
        return Err(Error::TooLarge { archive: archive.to_owned(), limit: PLAIN_BYTES_MAX });
    }
    Ok(place)
}

type Input = BufReader<fs_err::File>;
type Open = fn(Input) -> io::Result<Box<dyn Read>>;

/// How to decompress what begins with these bytes; a name may say anything.
fn decoder_for(magic: &[u8]) -> Option<Open> {
    const KNOWN: [(&[u8], Open); 3] =
        [(b"\x1f\x8b", gzip), (b"\x28\xb5\x2f\xfd", zstd), (b"\xfd7zXZ\0", xz)];
    KNOWN.iter().find(|(start, _)| magic.starts_with(start)).map(|(_, open)| *open)
}

fn gzip(input: Input) -> io::Result<Box<dyn Read>> {
    Ok(Box::new(flate2::bufread::MultiGzDecoder::new(input)))
}

fn zstd(input: Input) -> io::Result<Box<dyn Read>> {
    let mut decoder = zstd::stream::read::Decoder::with_buffer(input)?;
    decoder.window_log_max(ZSTD_WINDOW_LOG_MAX)?;
    Ok(Box::new(decoder))
}

fn xz(input: Input) -> io::Result<Box<dyn Read>> {
    let stream = Stream::new_stream_decoder(XZ_MEMORY_BYTES, CONCATENATED)?;
    Ok(Box::new(liblzma::bufread::XzDecoder::new_stream(input, stream)))
}

/// Copies at most one byte more than the limit.
fn copy(input: &mut dyn Read, output: &mut dyn Write, limit: u64) -> io::Result<u64> {
    io::copy(&mut input.take(limit + 1), output)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn no_more_is_written_than_one_byte_too_many() {
        let mut output = Vec::new();
        assert_eq!(copy(&mut &[7; 100][..], &mut output, 10).unwrap(), 11);
        assert_eq!(output.len(), 11);
    }

    #[test]
    fn every_cut_of_a_compressed_archive_is_refused() {
        let work = tempfile::tempdir().unwrap();
        let tar = test_support::tar(&[]);
        let whole = zstd::encode_all(&tar[..], 1).unwrap();
        let path = work.path().join("cut");
        for length in 4..whole.len() {
            fs_err::write(&path, &whole[..length]).unwrap();
            assert!(read(&path, work.path()).is_err(), "{length} of {}", whole.len());
        }
    }
}
