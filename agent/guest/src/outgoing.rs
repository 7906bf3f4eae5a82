//! Frames on their way to the host.

use alloc::vec::Vec;

use agent_protocol::{Data, Frame, GuestFrame, Stream, encode_data};
use rustix::fd::OwnedFd;
use rustix::io::{self, Errno};

use crate::spawn::Refusal;

/// Above this, nothing is read from commands.
const COMFORTABLE_BYTES: usize = 256 * 1024;
/// Above this, nothing is read from the host, whose frames ask for answers.
const MAX_BYTES: usize = 1024 * 1024;

#[derive(Default)]
pub(crate) struct Outgoing {
    bytes: Vec<u8>,
    sent: usize,
}

impl Outgoing {
    pub(crate) fn has_room(&self) -> bool {
        self.waiting().len() < COMFORTABLE_BYTES
    }

    pub(crate) fn is_full(&self) -> bool {
        self.waiting().len() >= MAX_BYTES
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.waiting().is_empty()
    }

    pub(crate) fn clear(&mut self) {
        *self = Self::default();
    }

    /// What the agent says of itself always fits into a frame; all of it is bounded where it is made.
    pub(crate) fn frame(&mut self, frame: &GuestFrame) {
        let _ = frame.encode(&mut self.bytes);
    }

    pub(crate) fn data(&mut self, data: Data, channel: u32, bytes: &[u8]) {
        let _ = encode_data(data, channel, bytes, &mut self.bytes);
    }

    pub(crate) fn credit(&mut self, channel: u32, bytes: u32) {
        self.frame(&GuestFrame::Credit { channel, stream: Stream::Input, bytes });
    }

    pub(crate) fn refused(&mut self, channel: u32, refusal: Refusal) {
        let errno = refusal.errno.raw_os_error().unsigned_abs();
        self.frame(&GuestFrame::Refused { channel, errno, text: refusal.text });
    }

    /// Writes as much as the link takes.
    pub(crate) fn flush(&mut self, link: &OwnedFd) -> Result<(), Errno> {
        while !self.is_empty() {
            match io::write(link, self.waiting()) {
                Ok(0) => return Err(Errno::PIPE),
                Ok(count) => self.sent += count,
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => break,
                Err(errno) => return Err(errno),
            }
        }
        if self.is_empty() || self.sent >= COMFORTABLE_BYTES {
            self.bytes.drain(..self.sent);
            self.sent = 0;
        }
        Ok(())
    }

    fn waiting(&self) -> &[u8] {
        self.bytes.get(self.sent..).unwrap_or_default()
    }
}
