//! Whether an artifact boots: each step of one boot, its time, and what follows from them.

mod remembered;
mod steps;
mod text;
mod units;
mod watch;

use std::path::PathBuf;

use rootfs_builder::digest::Digest;
use serde::{Deserialize, Serialize};

pub use remembered::{keep, recall};
pub use watch::{Machinery, watch};

/// What one boot of an artifact showed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Verdict {
    /// `boots`, or what failed first.
    pub verdict: String,
    /// The steps of the boot in their order.
    pub steps: Vec<Mark>,
    /// What the guest's init could not start.
    pub failed_units: Vec<String>,
    /// What the guest uses of its memory when its boot is over.
    pub memory_used_bytes: Option<u64>,
    /// The console's last lines, if the verdict is bad.
    pub console: Vec<String>,
    /// What was booted.
    pub subject: Subject,
}

/// What was booted, and in what; the same subject has the same verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Subject {
    /// Where the artifact was.
    pub artifact: PathBuf,
    /// How many bytes it has.
    pub size: u64,
    /// Their digest.
    pub sha256: Digest,
    /// The kernel, for people.
    pub kernel: String,
    /// What executed the guest's instructions.
    pub accelerator: String,
    /// The version of osb.
    pub osb: String,
    /// The digest of all that could change the verdict: the artifact, osb's own program, the
    /// kernel, and the machine.
    pub question: Digest,
}

/// A step of a boot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// The kernel says its first line.
    Kernel,
    /// The root filesystem is mounted.
    Root,
    /// The init is started.
    Init,
    /// The agent answers.
    Agent,
    /// Everything that the init was to start has started.
    Units,
    /// The guest switches itself off.
    PowerOff,
}

/// How far a step came, and when.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Mark {
    /// The step.
    pub step: Step,
    /// How it ended.
    #[serde(flatten)]
    pub outcome: Outcome,
    /// The guest's clock since its boot, in seconds.
    pub guest_seconds: Option<f64>,
    /// The host's time since the machine's start, in seconds.
    pub host_seconds: Option<f64>,
}

/// How a step ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "kebab-case")]
pub enum Outcome {
    /// As it should.
    Passed,
    /// It does not apply to this artifact.
    Skipped {
        /// Why not.
        why: String,
    },
    /// Not as it should.
    Failed {
        /// What happened instead.
        why: String,
    },
    /// An earlier one failed.
    Unreached,
}

impl Step {
    const ALL: [Self; 6] =
        [Self::Kernel, Self::Root, Self::Init, Self::Agent, Self::Units, Self::PowerOff];

    /// The verdict on an artifact whose boot fails here.
    fn failure(self) -> &'static str {
        match self {
            Self::Kernel => "kernel not reached",
            Self::Root => "root not mounted",
            Self::Init => "init not reached",
            Self::Agent => "agent did not answer",
            Self::Units => "units failed",
            Self::PowerOff => "no clean power-off",
        }
    }
}

impl Mark {
    fn new(step: Step, outcome: Outcome) -> Self {
        Self { step, outcome, guest_seconds: None, host_seconds: None }
    }

    fn skipped(step: Step, why: &str) -> Self {
        Self::new(step, Outcome::Skipped { why: why.to_owned() })
    }
}

/// What the verdict is called that everybody hopes for.
const GOOD: &str = "boots";

impl Verdict {
    /// Judges what was seen.
    pub fn new(subject: Subject, seen: watch::Seen) -> Self {
        let watch::Seen { steps, failed_units, memory_used_bytes, console } = seen;
        let failed = steps.iter().find(|mark| matches!(mark.outcome, Outcome::Failed { .. }));
        let verdict = failed.map_or(GOOD, |mark| mark.step.failure()).to_owned();
        let console = if failed.is_some() { console } else { Vec::new() };
        Self { verdict, steps, failed_units, memory_used_bytes, console, subject }
    }

    /// Whether nothing failed.
    pub fn is_good(&self) -> bool {
        self.verdict == GOOD
    }
}
