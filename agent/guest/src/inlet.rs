//! Bytes from the host on their way into a command.

use alloc::vec::Vec;

use agent_protocol::INITIAL_CREDIT;
use rustix::fd::OwnedFd;
use rustix::io::{self, Errno};

/// Credit is granted in steps of at least this, so that it costs few frames.
const STEP: u32 = INITIAL_CREDIT / 4;

/// What the host may send, and what it sent that nobody reads any more.
pub(crate) struct Allowance {
    granted: u32,
    handed_on: u32,
}

/// The host sent more than it was allowed to.
#[derive(Debug)]
pub(crate) struct Overrun;

impl Allowance {
    pub(crate) fn new() -> Self {
        Self { granted: INITIAL_CREDIT, handed_on: 0 }
    }

    pub(crate) fn take(&mut self, bytes: usize) -> Result<(), Overrun> {
        let bytes = u32::try_from(bytes).map_err(|_| Overrun)?;
        self.granted = self.granted.checked_sub(bytes).ok_or(Overrun)?;
        Ok(())
    }

    pub(crate) fn hand_on(&mut self, bytes: usize) {
        // Never more than was granted, hence within 32 bits.
        self.handed_on += u32::try_from(bytes).unwrap_or(0);
    }

    /// What to grant now.
    pub(crate) fn grant(&mut self) -> Option<u32> {
        if self.handed_on < STEP {
            return None;
        }
        let bytes = core::mem::take(&mut self.handed_on);
        self.granted += bytes;
        Some(bytes)
    }
}

/// The way to a command's standard input.
pub(crate) struct Inlet {
    pub(crate) to: Option<OwnedFd>,
    pub(crate) allowance: Allowance,
    waiting: Vec<u8>,
    written: usize,
    is_ended: bool,
    is_terminal: bool,
}

impl Inlet {
    pub(crate) fn new(to: Option<OwnedFd>, is_terminal: bool) -> Self {
        let allowance = Allowance::new();
        Self { to, allowance, waiting: Vec::new(), written: 0, is_ended: false, is_terminal }
    }

    pub(crate) fn is_waiting(&self) -> bool {
        self.to.is_some() && self.written < self.waiting.len()
    }

    /// Takes what the host sent; nothing is its end.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Result<(), Overrun> {
        const END_OF_TRANSMISSION: u8 = 4;
        self.allowance.take(bytes.len())?;
        if self.is_ended || self.to.is_none() {
            self.allowance.hand_on(bytes.len());
            return Ok(());
        }
        self.waiting.extend_from_slice(bytes);
        if bytes.is_empty() {
            self.is_ended = true;
            if self.is_terminal {
                self.waiting.push(END_OF_TRANSMISSION);
            }
        }
        Ok(())
    }

    /// Writes as much as the command takes.
    pub(crate) fn flush(&mut self) {
        while let Some(to) = self.to.as_ref().filter(|_| self.written < self.waiting.len()) {
            match io::write(to, self.waiting.get(self.written..).unwrap_or_default()) {
                Ok(count) => {
                    self.written += count;
                    self.allowance.hand_on(count);
                }
                Err(Errno::INTR) => {}
                Err(Errno::AGAIN) => break,
                Err(_) => self.close(),
            }
        }
        if self.written == self.waiting.len() {
            self.waiting.clear();
            self.written = 0;
            // The other descriptor of a terminal stays open, so that it does not hang up.
            if self.is_ended && !self.is_terminal {
                self.to = None;
            }
        }
    }

    /// Nobody reads any more: what is left and what comes is thrown away.
    pub(crate) fn close(&mut self) {
        self.allowance.hand_on(self.waiting.len() - self.written);
        self.waiting = Vec::new();
        self.written = 0;
        self.to = None;
    }
}
