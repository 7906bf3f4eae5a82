//! Makes an agent of its sources with the host's tools, in a copy of the directory.

mod cargo;
mod copy;
mod error;
mod kind;
mod make;
mod process;
mod toolchain;
mod tools;

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

pub use self::error::BuildError;
pub use self::process::Processes;
pub use self::tools::{HostCall, HostOutput, HostTools};

use self::kind::{Kind, Project};
use self::tools::Workshop;
use crate::machine::Machine;
use crate::spec::{Origin, Place};

/// Which sources are built, and what for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BuildSpec {
    /// The sources: Kata's agent, a Cargo project, or a Makefile with `install` and `DESTDIR`.
    pub directory: PathBuf,
    /// The guest's processors.
    pub machine: Machine,
    /// Who will start the agent.
    pub place: Place,
    /// The program's name, where a project makes several.
    pub name: Option<String>,
    /// Whether Kata's agent filters system calls, for which the host needs a static libseccomp.
    pub seccomp: bool,
}

/// What a build left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Built {
    /// A directory of files with their places in the guest.
    pub directory: PathBuf,
    /// The agent's version, if the sources tell.
    pub version: Option<String>,
}

impl Built {
    /// The origin that [`install`](crate::install) takes.
    pub fn origin(self) -> Origin {
        Origin::Built { directory: self.directory, version: self.version }
    }
}

const INSTALLED: &str = "agent-built";

/// Builds an agent in a copy of its sources, which is gone afterwards.
///
/// The result is a new directory in `work`. `environment` is all that the tools get to see of the
/// caller's; they need `PATH`, and Cargo needs `HOME`.
pub fn build(
    spec: &BuildSpec,
    tools: &dyn HostTools,
    environment: &BTreeMap<OsString, OsString>,
    work: &Path,
    line: &dyn Fn(&str),
) -> Result<Built, BuildError> {
    let project = kind::find(&spec.directory)?;
    let unusable = |source| BuildError::Work { directory: work.to_owned(), source };
    // The tools work elsewhere, where a relative path means something else.
    let work = &fs_err::canonicalize(work).map_err(unusable)?;
    let copy =
        tempfile::Builder::new().prefix("agent-source").tempdir_in(work).map_err(unusable)?;
    let copied_root = copy.path().join("source");
    copy::copy(&project.root, &copied_root)?;
    let directory = work.join(INSTALLED);
    fs_err::create_dir(&directory).map_err(unusable)?;
    let below = copied_root.join(&project.below);
    let workshop = Workshop { tools, environment, line, root: copied_root, directory: below };
    let made = make(spec, &project, &workshop, &directory);
    match made {
        Ok(version) => Ok(Built { directory, version }),
        Err(error) => {
            // The build's own error says more than that its remains stay until `work` goes.
            let _ = fs_err::remove_dir_all(&directory);
            Err(error)
        }
    }
}

fn make(
    spec: &BuildSpec,
    project: &Project,
    workshop: &Workshop<'_>,
    destination: &Path,
) -> Result<Option<String>, BuildError> {
    match project.kind {
        Kind::Kata => make::kata(spec, workshop, destination),
        Kind::Cargo => cargo::build(spec, workshop, destination),
        Kind::Make => make::plain(workshop, destination).map(|()| None),
    }
}
