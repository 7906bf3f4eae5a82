//! Why an agent could not be put into a tree.

use std::io;
use std::path::PathBuf;

use tree::GuestPath;

use crate::check::Reason;
use crate::machine::Machine;

/// Why an agent could not be put into a tree.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// osb's own agent was not built for the guest's processors.
    #[error("osb has no agent of its own for {machine}: name one with --agent, or use --no-agent")]
    NoOwn {
        /// The guest's processors.
        machine: Machine,
    },
    /// A name would mean something else in a unit or a script.
    #[error(
        "{name:?} is no name for an agent, which has only letters, digits, dots, dashes and \
         underscores: name it with --agent-name"
    )]
    Name {
        /// The name.
        name: String,
    },
    /// A file of the host cannot be read.
    #[error("read {path}")]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// What should be a program is a directory or a device.
    #[error("{path} is no regular file")]
    NotFile {
        /// Which.
        path: PathBuf,
    },
    /// An archive cannot be decompressed.
    #[error("decompress {archive}")]
    Decompress {
        /// The archive.
        archive: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// An archive holds more than any agent needs.
    #[error("{archive} decompresses to more than {limit} bytes")]
    TooLarge {
        /// The archive.
        archive: PathBuf,
        /// What is allowed.
        limit: u64,
    },
    /// Something cannot be put into the tree.
    #[error("put the agent into the tree")]
    Tree(#[source] tree::Error),
    /// A file in the tree cannot be read.
    #[error("read {path}")]
    ReadGuest {
        /// The file.
        path: GuestPath,
        /// Why.
        source: io::Error,
    },
    /// An archive or a build brings no program that could be the agent.
    #[error("{origin} brings no agent: there is no program {wanted}")]
    NoProgram {
        /// The archive, or the directory of a build.
        origin: PathBuf,
        /// What was looked for.
        wanted: String,
    },
    /// An archive or a build brings several programs.
    #[error(
        "{origin} brings several programs, {}: say which is the agent with --agent-name",
        .programs.join(", ")
    )]
    SeveralPrograms {
        /// The archive, or the directory of a build.
        origin: PathBuf,
        /// Their paths.
        programs: Vec<String>,
    },
    /// The agent's file has no execute permission.
    #[error("{origin} brings {path} without permission to execute it")]
    NotExecutable {
        /// The archive, or the directory of a build.
        origin: PathBuf,
        /// The agent.
        path: GuestPath,
    },
    /// Nothing in the guest starts services.
    #[error(
        "the guest has neither systemd nor OpenRC to start the agent as a service: make the agent \
         its init with --agent-init"
    )]
    NoServiceManager,
    /// The guest says that the agent's unit must never start.
    #[error("{unit} is masked, so that the agent would never start")]
    Masked {
        /// The unit.
        unit: GuestPath,
    },
    /// A unit that the guest or the agent brought starts a program that is not there.
    #[error("{unit} starts {program}, which is not in the guest")]
    UnitWithoutProgram {
        /// The unit.
        unit: GuestPath,
        /// What it starts.
        program: String,
    },
    /// The agent cannot run in the guest.
    #[error("agent {name} cannot run in this guest: {}", all(.reasons))]
    CannotRun {
        /// The agent.
        name: String,
        /// Everything that is in the way.
        reasons: Vec<Reason>,
    },
    /// A built-in template is broken.
    #[error("fill in the template {template}")]
    Template {
        /// Which.
        template: &'static str,
        /// Why.
        source: Box<handlebars::RenderError>,
    },
}

fn all(reasons: &[Reason]) -> String {
    reasons.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

impl From<tree::Error> for Error {
    fn from(error: tree::Error) -> Self {
        Self::Tree(error)
    }
}

impl From<tree::PathError> for Error {
    fn from(error: tree::PathError) -> Self {
        Self::Tree(error.into())
    }
}
