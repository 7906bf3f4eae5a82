//! What can go wrong in a session.

use std::io;
use std::time::Duration;

use agent_protocol::{Malformed, Unsendable};

/// Why a session, or a command in it, failed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No answer at all.
    #[error("the agent did not answer within {} seconds", .limit.as_secs_f32())]
    Silent {
        /// How long it was waited for.
        limit: Duration,
    },
    /// The other side ended the stream.
    #[error("the guest closed the session")]
    Closed,
    /// This side ended the session while something still ran in it.
    #[error("the session has ended")]
    Ended,
    /// The stream itself failed.
    #[error("reach the agent")]
    Stream(#[source] io::Error),
    /// What came is no frame.
    #[error("the guest sent what is not the protocol")]
    Malformed(#[source] Malformed),
    /// A frame came that may not come then.
    #[error("the guest broke the protocol: {what}")]
    Broken {
        /// What it did.
        what: &'static str,
    },
    /// The agent ended the session.
    #[error("the agent ended the session: {text}")]
    Agent {
        /// Its words, fit to be seen.
        text: String,
    },
    /// The agent speaks another version of the protocol.
    #[error("the agent speaks version {version} of the protocol, osb speaks 1")]
    Version {
        /// The version it chose.
        version: u16,
    },
    /// This cannot be said in the protocol.
    #[error("ask the agent")]
    Unsendable(#[source] Unsendable),
    /// The guest cannot do it.
    #[error("the guest refuses: {text}")]
    Refused {
        /// The guest's error number.
        errno: u32,
        /// The agent's words, fit to be seen.
        text: String,
    },
    /// The command was killed because its time was over.
    #[error("the command did not end within {} seconds", .limit.as_secs_f32())]
    TimeLimit {
        /// The time it had.
        limit: Duration,
    },
    /// The host's end of a file or of a command's input failed.
    #[error("copy between host and guest")]
    Host(#[source] io::Error),
}

impl Error {
    /// Whether a machine that ended or never came up could be the reason.
    #[must_use]
    pub fn may_be_the_machine(&self) -> bool {
        self.is_closed() || matches!(self, Error::Silent { .. })
    }

    pub(crate) fn is_closed(&self) -> bool {
        matches!(self, Error::Closed | Error::Stream(_))
    }
}
