//! The host's side of a session with the agent.
//!
//! One thread reads what the guest sends and sorts it by channel; it never writes and never waits
//! for a reader, because credit bounds what it has to keep. Whatever the guest sends is hostile:
//! what the protocol does not allow ends the session and is named.

use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::Duration;

use agent_protocol::{HostFrame, Power, Role, Start};

mod channel;
mod error;
mod files;
mod guest_process;
mod handshake;
mod link;
mod pumps;

pub use error::Error;
pub use guest_process::{Controls, Exit, GuestProcess, Streams};
use link::Link;

/// A conversation with the agent, which ends with this value.
pub struct Session {
    link: Arc<Link>,
    agent: Agent,
}

/// What the agent says of itself and its guest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Agent {
    /// How it runs.
    pub role: Role,
    /// The guest's clock since its boot, when the agent answered.
    pub uptime: Duration,
    /// The guest's kernel; not to be trusted, but fit to be seen.
    pub kernel_release: String,
    /// The agent's own version; likewise.
    pub version: String,
}

impl Session {
    /// Waits until an agent answers on a stream, which may be any connected socket.
    ///
    /// # Errors
    ///
    /// If it does not in time, or what it says is not the protocol.
    pub fn open(stream: UnixStream, limit: Duration) -> Result<Self, Error> {
        let (link, agent) = handshake::shake(stream, limit)?;
        Ok(Session { link, agent })
    }

    /// What the agent said of itself.
    #[must_use]
    pub fn agent(&self) -> &Agent {
        &self.agent
    }

    /// Starts a command; whether it has an input is what `streams` say.
    ///
    /// # Errors
    ///
    /// If the guest refuses it, or the session fails.
    pub fn start(&self, start: Start, streams: Streams) -> Result<GuestProcess, Error> {
        GuestProcess::start(&self.link, start, streams)
    }

    /// Starts a command and waits for its end.
    ///
    /// # Errors
    ///
    /// As [`Session::start`] and [`GuestProcess::wait`].
    pub fn run(
        &self,
        start: Start,
        streams: Streams,
        limit: Option<Duration>,
    ) -> Result<Exit, Error> {
        self.start(start, streams)?.wait(limit)
    }

    /// Switches the machine off or starts it again; its end shows in the machine.
    ///
    /// # Errors
    ///
    /// If the session fails.
    pub fn power(&self, power: Power) -> Result<(), Error> {
        self.link.send(&HostFrame::Power(power))
    }

    /// Asks whether the agent is still there; returns the guest's clock since its boot.
    ///
    /// # Errors
    ///
    /// If it does not answer in time.
    pub fn ping(&self, limit: Duration) -> Result<Duration, Error> {
        self.link.ping(limit)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.link.close(link::Closed::ByUs);
    }
}

#[cfg(test)]
mod tests;
