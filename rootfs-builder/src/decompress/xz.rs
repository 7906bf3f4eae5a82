//! xz: one thread as a rule, two for a large input whose blocks allow it.

use std::io::{self, BufRead};

use liblzma::stream::{Action, Error, IGNORE_CHECK, MtStreamBuilder, Status, Stream};

use super::memory::{self, Permit};
use super::{BUFFER_BYTES, Counted, DecompressError, Sink};

// Presets up to -6, Debian's choice, need 9 MiB; -9 needs 65.
const SMALL_BYTES: u64 = 16 << 20;
const LARGE_BYTES: u64 = 80 << 20;
// Two blocks of 24 MiB in and out of two threads with their dictionaries.
const THREADED_BYTES: u64 = 112 << 20;
const THREADED_INPUT_BYTES: u64 = 4 << 20;

pub(super) fn copy(
    input: &mut Counted<'_>,
    input_bytes: u64,
    sink: &mut Sink<'_>,
) -> Result<(), DecompressError> {
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        Decoder::new(input_bytes)?.copy_stream(input, &mut buffer, sink)?;
        match skip_padding(input)? {
            None => return Ok(()),
            Some(0xfd) => {}
            Some(_) => return Err(DecompressError::Trailing),
        }
    }
}

/// One xz stream's decoder and the memory that it was granted.
struct Decoder {
    stream: Stream,
    permit: Option<Permit>,
    limit: u64,
}

impl Decoder {
    fn new(input_bytes: u64) -> Result<Self, DecompressError> {
        let threaded = match input_bytes >= THREADED_INPUT_BYTES {
            true => memory::try_acquire(THREADED_BYTES),
            false => None,
        };
        let (permit, limit, stream) = match threaded {
            Some(permit) => (permit, THREADED_BYTES, threaded_stream()),
            None => {
                let permit = memory::acquire(SMALL_BYTES);
                // Callers check a digest; the format's own checksum would cost one part in sixteen.
                (permit, SMALL_BYTES, Stream::new_stream_decoder(SMALL_BYTES, IGNORE_CHECK))
            }
        };
        let stream = stream.map_err(damaged)?;
        Ok(Self { stream, permit: Some(permit), limit })
    }

    fn copy_stream(
        &mut self,
        input: &mut Counted<'_>,
        buffer: &mut [u8],
        sink: &mut Sink<'_>,
    ) -> Result<(), DecompressError> {
        let mut filled = 0;
        loop {
            let bytes = input.fill_buf().map_err(DecompressError::Read)?;
            let is_over = bytes.is_empty();
            let action = if is_over { Action::Finish } else { Action::Run };
            let before = (self.stream.total_in(), self.stream.total_out());
            let result = self.stream.process(bytes, &mut buffer[filled..], action);
            let consumed = (self.stream.total_in() - before.0) as usize;
            let produced = (self.stream.total_out() - before.1) as usize;
            input.consume(consumed);
            filled += produced;
            let is_end = match result {
                Ok(status) => status == Status::StreamEnd,
                Err(Error::MemLimit) => {
                    self.grow()?;
                    continue;
                }
                Err(error) => return Err(damaged(error)),
            };
            if filled == buffer.len() || is_end {
                sink.write(&buffer[..filled], input.count)?;
                filled = 0;
            }
            if is_end {
                return Ok(());
            }
            if is_over && produced == 0 {
                return Err(DecompressError::Damaged(io::ErrorKind::UnexpectedEof.into()));
            }
        }
    }

    /// Asks for more memory: liblzma goes on where it stopped, before it allocated any.
    fn grow(&mut self) -> Result<(), DecompressError> {
        if self.limit >= LARGE_BYTES {
            return Err(DecompressError::Memory { limit: self.limit });
        }
        // Giving back first: two decoders that hold a little and wait for more would never end.
        self.permit = None;
        self.permit = Some(memory::acquire(LARGE_BYTES));
        self.limit = LARGE_BYTES;
        self.stream
            .set_memlimit(LARGE_BYTES)
            .map_err(|_| DecompressError::Memory { limit: LARGE_BYTES })
    }
}

fn threaded_stream() -> Result<Stream, Error> {
    MtStreamBuilder::new()
        .threads(2)
        .memlimit_threading(THREADED_BYTES)
        .memlimit_stop(THREADED_BYTES)
        .decoder()
}

/// Skips zeros between streams and returns the byte after them, still unread.
fn skip_padding(input: &mut Counted<'_>) -> Result<Option<u8>, DecompressError> {
    let mut padding = 0;
    loop {
        let bytes = input.fill_buf().map_err(DecompressError::Read)?;
        let next = bytes.iter().find(|byte| **byte != 0).copied();
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        if zeros == 0 || next.is_some() {
            input.consume(zeros);
            // The format demands whole groups of four.
            let is_aligned = (padding + zeros) % 4 == 0;
            return if is_aligned { Ok(next) } else { Err(DecompressError::Trailing) };
        }
        padding += zeros;
        input.consume(zeros);
    }
}

fn damaged(error: Error) -> DecompressError {
    DecompressError::Damaged(error.into())
}
