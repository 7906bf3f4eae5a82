//! Reading the bytes of a content, in order or at a place.

use std::fs::File;
use std::io::{self, Read};
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use super::{Content, Source};

/// Reads the bytes of a content, in order or at a place.
#[derive(Debug)]
pub struct ContentReader {
    place: Place,
    position: u64,
    length: u64,
}

#[derive(Debug)]
enum Place {
    Inline(Arc<[u8]>),
    Span { file: File, offset: u64 },
    Made(Arc<dyn Source>),
}

impl ContentReader {
    pub(super) fn new(content: &Content) -> io::Result<Self> {
        let place = match content {
            Content::Inline(bytes) => Place::Inline(bytes.clone()),
            Content::Span { file, offset, .. } => Place::Span {
                file: fs_err::File::open(file.as_ref())?.into_file(),
                offset: *offset,
            },
            Content::Made(source) => Place::Made(source.clone()),
        };
        Ok(Self { place, position: 0, length: content.length() })
    }

    /// Fills the buffer with the bytes at `offset`; that there are too few is an error.
    pub fn read_exact_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<()> {
        let end = offset.checked_add(buffer.len() as u64);
        if end.is_none_or(|end| end > self.length) {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        match &self.place {
            Place::Inline(bytes) => {
                let start = usize::try_from(offset).map_err(io::Error::other)?;
                buffer.copy_from_slice(&bytes[start..start + buffer.len()]);
                Ok(())
            }
            Place::Span { file, offset: start } => file.read_exact_at(buffer, start + offset),
            Place::Made(source) => source.read_at(offset, buffer),
        }
    }
}

impl Read for ContentReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = usize::try_from(self.length - self.position).unwrap_or(usize::MAX);
        let wanted = buffer.len().min(left);
        if wanted > 0 {
            self.read_exact_at(&mut buffer[..wanted], self.position)?;
            self.position += wanted as u64;
        }
        Ok(wanted)
    }
}
