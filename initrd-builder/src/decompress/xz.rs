//! One stream of xz.

use std::io::{self, BufRead};

use liblzma::stream::{Action, Status, Stream};

use super::{BUFFER_BYTES, Counted, Fault, Sink};

/// The largest dictionary of the presets, and what else a decoder needs.
const MEMORY_BYTES: u64 = 80 << 20;

pub(super) fn copy(input: &mut Counted<'_>, sink: &mut Sink<'_>) -> Result<(), Fault> {
    let damaged = |error| Fault::Damaged(io::Error::from(error));
    let mut stream = Stream::new_stream_decoder(MEMORY_BYTES, 0).map_err(damaged)?;
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        let bytes = input.fill_buf().map_err(Fault::Input)?;
        let is_over = bytes.is_empty();
        let action = if is_over { Action::Finish } else { Action::Run };
        let before = (stream.total_in(), stream.total_out());
        let status = stream.process(bytes, &mut buffer, action).map_err(damaged)?;
        let consumed = (stream.total_in() - before.0) as usize;
        let produced = (stream.total_out() - before.1) as usize;
        input.consume(consumed);
        sink.write(&buffer[..produced])?;
        if status == Status::StreamEnd {
            return Ok(());
        }
        if is_over && produced == 0 {
            return Err(Fault::Damaged(io::ErrorKind::UnexpectedEof.into()));
        }
    }
}
