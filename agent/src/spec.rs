//! Which agent a guest gets, and where it goes.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use tree::Timestamp;

use crate::machine::Machine;

/// Which agent a guest gets, and where it goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgentSpec {
    /// Where it comes from.
    pub origin: Origin,
    /// Who starts it.
    pub place: Place,
    /// The program's name, where its origin does not tell; none to find it out.
    pub name: Option<String>,
}

/// Where an agent comes from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Origin {
    /// The agent that is part of osb.
    Own,
    /// A program of the host.
    File(PathBuf),
    /// An archive of files with their places in the guest, compressed or not.
    Tarball(PathBuf),
    /// What [`build`](crate::build) left in a directory, files with their places in the guest.
    Built {
        /// The directory, which stands for the guest's root.
        directory: PathBuf,
        /// The agent's version, if it is known.
        version: Option<String>,
    },
}

/// Who starts the agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// The kernel: the agent is `/sbin/init`.
    Init,
    /// The guest's own init, as a service.
    Service,
}

/// What the agent's guest is like.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// The guest's processors.
    pub machine: Machine,
    /// The time of everything that is put into the tree; what is older stays so.
    pub mtime: Timestamp,
    /// osb's own agent for these processors; none where it was not built.
    pub own: Option<&'static [u8]>,
}
