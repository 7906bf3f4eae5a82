//! What can go wrong between a description of a machine and the end of its life.

use std::ffi::OsString;
use std::fmt;
use std::io;
use std::time::Duration;

use crate::session;

/// Why a machine did not do what it was started for.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The description makes no sense.
    #[error("describe the machine")]
    Unsound(#[from] Unsound),
    /// This hypervisor cannot be such a machine.
    #[error("{hypervisor} has no {what}")]
    Unsupported {
        /// The hypervisor's name.
        hypervisor: &'static str,
        /// What it lacks.
        what: &'static str,
    },
    /// The hypervisor is not installed.
    #[error("{} is not installed (package {package})", .program.display())]
    Missing {
        /// The program that was looked for.
        program: OsString,
        /// The package that usually holds it.
        package: &'static str,
    },
    /// The host could not start the hypervisor.
    #[error("start {}", .program.display())]
    Start {
        /// The program.
        program: OsString,
        /// What the host said.
        source: io::Error,
    },
    /// The hypervisor does not take this machine.
    #[error("{} refused the machine: {said}", .program.display())]
    Refused {
        /// The program.
        program: OsString,
        /// The end of what it said.
        said: String,
    },
    /// Hardware help was asked for by name, and does not work.
    #[error("kvm does not work here: {why}")]
    NoKvm {
        /// What was found out.
        why: String,
    },
    /// The machine has no agent port, or somebody has it already.
    #[error("the machine's agent port is not there or taken")]
    NoPort,
    /// The console stayed silent.
    #[error("no kernel said anything{}", within(.limit))]
    NoKernel {
        /// How long it was listened to, if a limit ended it.
        limit: Option<Duration>,
    },
    /// The guest's root or its init is not what it should be.
    #[error("the guest cannot start: {line}{console}")]
    Unbootable {
        /// What the boot initrd said.
        line: String,
        /// What came before.
        console: Tail,
    },
    /// The kernel gave up.
    #[error("the guest's kernel gave up: {line}{console}")]
    Panic {
        /// Its words.
        line: String,
        /// What came before.
        console: Tail,
    },
    /// The kernel runs, but nobody answers.
    #[error("the agent did not answer{}{console}", within(.limit))]
    NoAgent {
        /// How long it was waited for, if a limit ended it.
        limit: Option<Duration>,
        /// What the guest said meanwhile.
        console: Tail,
    },
    /// The machine ended before it was asked to.
    #[error("the machine ended early ({how}){console}")]
    Ended {
        /// How its hypervisor ended.
        how: String,
        /// What the guest said last.
        console: Tail,
    },
    /// The machine used up its time.
    #[error("the machine was stopped after {} seconds{console}", .limit.as_secs_f32())]
    TimeLimit {
        /// The time it had.
        limit: Duration,
        /// What the guest said last.
        console: Tail,
    },
    /// The caller stopped the machine while it was waited for.
    #[error("the machine was stopped")]
    Stopped,
    /// The agent was there, but speaking with it failed.
    #[error("speak with the agent")]
    Session(#[from] session::Error),
}

fn within(limit: &Option<Duration>) -> String {
    limit.map_or(String::new(), |limit| format!(" within {} seconds", limit.as_secs_f32()))
}

/// What is wrong with a description.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Unsound {
    /// Nothing to run in.
    #[error("the machine has no memory")]
    NoMemory,
    /// Nothing to run on.
    #[error("the machine has no processor")]
    NoProcessor,
    /// A word that the kernel would not read as it was meant.
    #[error("kernel parameter {word:?} is empty or holds a quote or a control character")]
    KernelWord {
        /// The word.
        word: String,
    },
    /// The kernel would cut it off.
    #[error("the kernel's command line has {bytes} bytes; a kernel reads 2047")]
    KernelLine {
        /// How long it is.
        bytes: usize,
    },
    /// The guest would see another one.
    #[error("disk serial {serial:?} is not 1 to 20 letters, digits, dashes, dots or underscores")]
    Serial {
        /// The serial.
        serial: String,
    },
    /// The guest could not mount it.
    #[error("mount tag {tag:?} is not 1 to 31 letters, digits, dashes, dots or underscores")]
    Tag {
        /// The tag.
        tag: String,
    },
}

/// A forwarded port that cannot be read.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("forwarded port {text:?} is not of the form [ADDRESS:]HOST[:GUEST][/udp]")]
pub struct BadForward {
    /// What was given.
    pub text: String,
}

/// The last lines of a console.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tail(pub Vec<String>);

impl fmt::Display for Tail {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return formatter.write_str("; its console is empty");
        }
        formatter.write_str("; its console ends:")?;
        // A message is read on one screen; who wants all asks the machine.
        let first = self.0.len().saturating_sub(20);
        self.0[first..].iter().try_for_each(|line| write!(formatter, "\n    {line}"))
    }
}
