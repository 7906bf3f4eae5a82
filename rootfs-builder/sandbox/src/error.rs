//! What can go wrong around a tool, told apart by what a caller would do about it.

use std::io;
use std::path::PathBuf;

use crate::rung::Rung;

/// What went wrong before, around or after a tool.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The rung only does file work.
    #[error("{rung} runs no tools")]
    NoTools {
        /// The rung that was asked to run one.
        rung: Rung,
    },
    /// The rung cannot be entered on this host.
    #[error("{rung} is not available here: {reason}")]
    Unavailable {
        /// The rung that was asked for.
        rung: Rung,
        /// Why it does not work.
        reason: String,
        /// The one line that fixes it, if there is one.
        fix: Option<String>,
    },
    /// The call asks for something that this rung cannot give.
    #[error("{what} needs mount namespaces, which {rung} does not have")]
    NeedsNamespaces {
        /// The rung in use.
        rung: Rung,
        /// What was asked for.
        what: &'static str,
    },
    /// The helper process did not start.
    #[error("start a sandbox process")]
    Spawn {
        /// The cause.
        source: io::Error,
    },
    /// One step of building the sandbox failed.
    #[error("sandbox: {step}")]
    Setup {
        /// What was being done.
        step: String,
        /// The cause.
        source: io::Error,
    },
    /// The conversation with the helper process broke.
    #[error("talk to the sandbox process")]
    Wire {
        /// The cause.
        source: io::Error,
    },
    /// The helper process ended without saying how the tool ended.
    #[error("the sandbox process was killed")]
    Lost,
    /// The guest's programs are of another architecture and nothing here runs them.
    #[error("no way to run {architecture} programs on this host: {reason}")]
    Emulation {
        /// The guest's architecture.
        architecture: String,
        /// What is missing.
        reason: String,
        /// What to install, if that helps.
        fix: Option<String>,
    },
    /// The tool took on a second user or group id where only one exists.
    #[error("the scripts need more than one user id ({program} called {call})")]
    NeedsMoreIds {
        /// The program that did it.
        program: String,
        /// The system call, with its argument.
        call: String,
    },
    /// A working directory could not be made, locked or removed.
    #[error("working directory {}", path.display())]
    WorkDir {
        /// The directory.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
}

/// A failed step inside a sandbox process, on its way to become an [`Error`].
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) step: String,
    pub(crate) errno: i32,
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        let source = io::Error::from_raw_os_error(failure.errno);
        Error::Setup { step: failure.step, source }
    }
}

/// Names the step that an operating system error belongs to.
pub(crate) trait Step<T> {
    /// Turns the error into a [`Failure`] of `step`.
    fn step(self, step: impl Into<String>) -> Result<T, Failure>;
}

impl<T, E: Into<io::Error>> Step<T> for Result<T, E> {
    fn step(self, step: impl Into<String>) -> Result<T, Failure> {
        self.map_err(|error| Failure {
            step: step.into(),
            errno: error.into().raw_os_error().unwrap_or(libc::EIO),
        })
    }
}
