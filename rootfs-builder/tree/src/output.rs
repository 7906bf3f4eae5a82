//! Where archives are written to.

use std::io::{self, BufWriter, Write};

use crate::content::{Content, OpenSource};
use crate::error::Error;
use crate::path::GuestPath;

/// Headers are small, and an output may be a file.
const BUFFER_BYTES: usize = 128 * 1024;
const ZEROS: [u8; 4096] = [0; 4096];

/// A stream of headers and contents that counts its bytes.
pub(crate) struct Output<'a> {
    stream: BufWriter<&'a mut dyn Write>,
    written: u64,
    source: OpenSource,
}

impl<'a> Output<'a> {
    pub(crate) fn new(stream: &'a mut dyn Write) -> Self {
        let stream = BufWriter::with_capacity(BUFFER_BYTES, stream);
        Self { stream, written: 0, source: OpenSource::default() }
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.stream.write_all(bytes).map_err(Error::Output)?;
        self.written += bytes.len() as u64;
        Ok(())
    }

    /// Writes the bytes of the file at `path`.
    pub(crate) fn content(&mut self, path: &GuestPath, content: &Content) -> Result<(), Error> {
        let mut watch = Watch { output: &mut self.stream, failed: false };
        let copied = content.write_to(&mut watch, &mut self.source);
        let failed = watch.failed;
        copied.map_err(|source| match failed {
            true => Error::Output(source),
            false => Error::Content { path: path.clone(), source },
        })?;
        self.written += content.length();
        Ok(())
    }

    /// Writes zeros up to a multiple.
    pub(crate) fn pad(&mut self, multiple: u64) -> Result<(), Error> {
        self.zeros(self.written.next_multiple_of(multiple) - self.written)
    }

    pub(crate) fn zeros(&mut self, mut count: u64) -> Result<(), Error> {
        while count > 0 {
            let part = count.min(ZEROS.len() as u64);
            self.bytes(&ZEROS[..part as usize])?;
            count -= part;
        }
        Ok(())
    }

    pub(crate) fn finish(mut self) -> Result<(), Error> {
        self.stream.flush().map_err(Error::Output)
    }
}

/// Tells a full disk from an unreadable source.
struct Watch<'a> {
    output: &'a mut dyn Write,
    failed: bool,
}

impl Write for Watch<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let result = self.output.write(bytes);
        self.failed = result.is_err();
        result
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}
