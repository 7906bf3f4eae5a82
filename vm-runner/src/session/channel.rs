//! What is known of one command or file.

use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::time::Instant;

use agent_protocol::{GuestFrame, INITIAL_CREDIT, Stream};

use super::error::Error;
use super::guest_process::Exit;
use crate::text::short;

/// A channel as the host sees it.
pub(super) struct Channel {
    /// The process in the guest, once the request was accepted; 0 for a file.
    pub started: Option<u32>,
    /// The guest's last word.
    pub ended: Option<Ended>,
    /// What the host may still send.
    pub input_credit: u64,
    pub output: Incoming,
    pub errors: Incoming,
    /// When somebody on the host stopped listening.
    pub broken: Option<Instant>,
    /// Whether nobody is interested any more.
    pub is_abandoned: bool,
    /// Wakes who waits for the host's input.
    pub wake: Option<Arc<OwnedFd>>,
}

/// The guest's last word on a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Ended {
    Refused { errno: u32, text: String },
    Exited(Exit),
    Done(u64),
}

/// What has come and was not taken yet: never more than was granted.
#[derive(Default)]
pub(super) struct Incoming {
    pub bytes: Vec<u8>,
    pub granted: u64,
    pub is_ended: bool,
}

impl Incoming {
    fn open() -> Self {
        Incoming { granted: INITIAL_CREDIT.into(), ..Incoming::default() }
    }

    fn none() -> Self {
        Incoming { is_ended: true, ..Incoming::default() }
    }

    fn take_in(&mut self, bytes: &[u8], is_kept: bool) -> Result<(), Error> {
        if self.is_ended {
            return broken("bytes after the end of a stream");
        }
        if bytes.is_empty() {
            self.is_ended = true;
            return Ok(());
        }
        let left =
            u64::try_from(bytes.len()).ok().and_then(|count| self.granted.checked_sub(count));
        let Some(left) = left else { return broken("more bytes than were granted") };
        self.granted = left;
        if is_kept {
            self.bytes.extend_from_slice(bytes);
        }
        Ok(())
    }
}

/// Which streams come from the guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shape {
    /// A command with pipes: its output and its errors.
    Pipes,
    /// A terminal, or a file to read: output alone.
    Output,
    /// A file to write.
    Nothing,
}

impl Channel {
    pub(super) fn new(shape: Shape, wake: Option<Arc<OwnedFd>>) -> Self {
        let stream = |is_there: bool| if is_there { Incoming::open() } else { Incoming::none() };
        Channel {
            started: None,
            ended: None,
            input_credit: INITIAL_CREDIT.into(),
            output: stream(shape != Shape::Nothing),
            errors: stream(shape == Shape::Pipes),
            broken: None,
            is_abandoned: false,
            wake,
        }
    }

    pub(super) fn incoming(&mut self, stream: Stream) -> &mut Incoming {
        match stream {
            Stream::Errors => &mut self.errors,
            Stream::Output | Stream::Input => &mut self.output,
        }
    }

    /// Takes in a frame that concerns this channel.
    pub(super) fn hear(&mut self, frame: GuestFrame) -> Result<(), Error> {
        if self.ended.is_some() {
            return broken("a frame for a channel after its last word");
        }
        let has_started = self.started.is_some();
        let is_kept = !self.is_abandoned;
        match frame {
            GuestFrame::Started { process, .. } if !has_started => self.started = Some(process),
            GuestFrame::Refused { errno, text, .. } => {
                self.ended = Some(Ended::Refused { errno, text: short(&text) });
            }
            GuestFrame::Output { bytes, .. } if has_started => {
                self.output.take_in(&bytes, is_kept)?;
            }
            GuestFrame::Errors { bytes, .. } if has_started => {
                self.errors.take_in(&bytes, is_kept)?;
            }
            GuestFrame::Credit { stream: Stream::Input, bytes, .. } if has_started => {
                self.input_credit = self.input_credit.saturating_add(bytes.into());
            }
            GuestFrame::Exited { exit, .. } if has_started => {
                let exit = Exit::from_guest(exit);
                self.ended = Some(Ended::Exited(exit.ok_or(Error::Broken {
                    what: "an exit status or signal that does not exist",
                })?));
            }
            GuestFrame::Done { bytes, .. } if has_started => {
                self.ended = Some(Ended::Done(bytes));
            }
            _ => return broken("a frame that does not fit the state of its channel"),
        }
        Ok(())
    }
}

pub(super) fn broken<T>(what: &'static str) -> Result<T, Error> {
    Err(Error::Broken { what })
}
