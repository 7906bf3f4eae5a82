//! The host's own tools, as a build asks for them.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};

use super::BuildError;

/// One run of one of the host's tools.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostCall {
    /// The program, looked for in the environment's `PATH`.
    pub program: String,
    /// The arguments after the program's name.
    pub arguments: Vec<OsString>,
    /// The working directory.
    pub directory: PathBuf,
    /// The whole environment: nothing is inherited.
    pub environment: BTreeMap<OsString, OsString>,
}

/// What came of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HostOutput {
    /// How it ended, in words; none if it went well.
    pub failure: Option<String>,
    /// What it wrote to its standard output.
    pub stdout: Vec<u8>,
    /// The last lines that it wrote, both streams.
    pub tail: Vec<String>,
}

/// Runs the host's tools: a build of the user's own sources is the user's own doing.
pub trait HostTools {
    /// Runs `call` to its end and gives each line of its standard error to `line`.
    ///
    /// A tool that ends badly is not an error here: its output says so.
    fn run(&self, call: &HostCall, line: &dyn Fn(&str)) -> io::Result<HostOutput>;
}

impl fmt::Display for HostCall {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.program)?;
        self.arguments.iter().try_for_each(|word| write!(out, " {}", word.to_string_lossy()))
    }
}

/// Where and with what a build works.
pub(super) struct Workshop<'a> {
    pub(super) tools: &'a dyn HostTools,
    pub(super) environment: &'a BTreeMap<OsString, OsString>,
    pub(super) line: &'a dyn Fn(&str),
    /// The copy of everything that the sources may use.
    pub(super) root: PathBuf,
    /// The sources in it.
    pub(super) directory: PathBuf,
}

impl Workshop<'_> {
    /// The nearest file of this name, from the sources up to the root of the copy.
    pub(super) fn nearest(&self, name: &str) -> Option<PathBuf> {
        let within = self.directory.ancestors().take_while(|at| at.starts_with(&self.root));
        within.map(|at| at.join(name)).find(|path| path.is_file())
    }

    pub(super) fn call(&self, program: &str) -> HostCall {
        HostCall {
            program: program.to_owned(),
            arguments: Vec::new(),
            directory: self.directory.clone(),
            environment: self.environment.clone(),
        }
    }

    /// Runs a call and returns what it wrote; that it ended badly is an error.
    pub(super) fn run(&self, call: &HostCall) -> Result<Vec<u8>, BuildError> {
        let output = self.try_run(call)?;
        match output.failure {
            None => Ok(output.stdout),
            Some(status) => {
                let tail = output.tail;
                Err(BuildError::Failed { command: call.to_string(), status, tail })
            }
        }
    }

    pub(super) fn try_run(&self, call: &HostCall) -> Result<HostOutput, BuildError> {
        self.tools
            .run(call, self.line)
            .map_err(|source| BuildError::Start { program: call.program.clone(), source })
    }
}

impl HostCall {
    pub(super) fn arguments(mut self, words: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Self {
        self.arguments.extend(words.into_iter().map(|word| word.as_ref().to_owned()));
        self
    }

    /// Adds a word that gives a name a value, as `make` takes it.
    pub(super) fn assign(mut self, name: &str, value: &Path) -> Self {
        let mut word = OsString::from(format!("{name}="));
        word.push(value);
        self.arguments.push(word);
        self
    }

    pub(super) fn variable(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.environment.insert(name.into(), value.as_ref().to_owned());
        self
    }

    /// Takes away what would make the tool write elsewhere than into the copy.
    pub(super) fn without(mut self, names: &[&str]) -> Self {
        self.environment.retain(|name, _| !names.iter().any(|other| name == other));
        self
    }
}
