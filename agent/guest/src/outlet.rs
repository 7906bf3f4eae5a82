//! Bytes of a command on their way to the host.

use agent_protocol::{Data, INITIAL_CREDIT, MAX_PAYLOAD};
use rustix::fd::OwnedFd;
use rustix::io::{self, Errno};

use crate::outgoing::Outgoing;

pub(crate) struct Outlet {
    pub(crate) from: Option<OwnedFd>,
    credit: u32,
    data: Data,
    /// How much is still taken from a stream whose command ended and which others hold open.
    tail: Option<usize>,
}

impl Outlet {
    pub(crate) fn new(from: Option<OwnedFd>, data: Data) -> Self {
        Self { from, credit: INITIAL_CREDIT, data, tail: None }
    }

    pub(crate) fn grant(&mut self, bytes: u32) {
        self.credit = self.credit.saturating_add(bytes);
    }

    pub(crate) fn is_readable(&self) -> bool {
        self.from.is_some() && self.credit > 0
    }

    /// From now on only what a pipe can hold is waited for, and not longer than it takes.
    pub(crate) fn only_rest(&mut self) {
        self.tail.get_or_insert(MAX_PAYLOAD);
    }

    /// Whether all that is left could be read now.
    pub(crate) fn is_resting(&self) -> bool {
        self.tail.is_some() && self.is_readable()
    }

    /// Reads once.
    pub(crate) fn read(&mut self, channel: u32, buffer: &mut [u8], outgoing: &mut Outgoing) {
        let Some(from) = &self.from else { return };
        let limit = buffer.len().min(self.credit as usize).min(self.tail.unwrap_or(usize::MAX));
        let Some(room) = buffer.get_mut(..limit).filter(|room| !room.is_empty()) else {
            if self.tail == Some(0) {
                self.end(channel, outgoing);
            }
            return;
        };
        match io::read(from, &mut *room) {
            // A terminal that all have left says that by an error.
            Ok(0) | Err(Errno::IO) => self.end(channel, outgoing),
            Ok(count) => {
                let bytes = room.get(..count).unwrap_or_default();
                outgoing.data(self.data, channel, bytes);
                self.credit -= u32::try_from(count).unwrap_or(self.credit);
                self.tail = self.tail.map(|tail| tail - count);
            }
            Err(Errno::INTR) => {}
            Err(Errno::AGAIN) if self.tail.is_none() => {}
            Err(_) => self.end(channel, outgoing),
        }
    }

    fn end(&mut self, channel: u32, outgoing: &mut Outgoing) {
        self.from = None;
        outgoing.data(self.data, channel, b"");
    }
}
