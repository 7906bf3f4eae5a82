//! From opened packages to a configured tree.

use std::path::Path;

use distros::Family;
use sandbox::{Emulation, ToolRunner};
use tree::directory::Owners;
use tree::{Timestamp, Tree};

use crate::configure::{self, ConfigureError, Context};
use crate::family::opened::OpenedPackage;
use crate::family::{apk, deb};
use crate::plan::Plan;
use crate::progress::{Event, Progress};

/// Where and with what a tree is built.
#[derive(Clone, Copy)]
pub struct Workshop<'a> {
    /// An empty directory that becomes the guest's root while scripts run.
    pub root: &'a Path,
    /// What runs the scripts.
    pub runner: &'a dyn ToolRunner,
    /// How the guest's programs run on this host.
    pub emulation: &'a Emulation,
    /// Whether files on disk have their owners, or the sandbox records them.
    pub owners: Owners,
    /// Who hears of it.
    pub progress: &'a dyn Progress,
}

/// Why a tree could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// Packages of the apk family could not be installed.
    #[error(transparent)]
    Apk(#[from] apk::BuildError),
    /// Packages of the deb family could not be installed.
    #[error(transparent)]
    Deb(#[from] deb::BuildError),
    /// A normalising step failed.
    #[error("finish the tree")]
    Configure(#[from] ConfigureError),
    /// Scripts have to run, and nothing was given that runs them.
    #[error("packages' scripts have to run, and nothing here runs them")]
    NoWorkshop,
    /// The working directory cannot be used.
    #[error("use the working directory")]
    Work(#[source] std::io::Error),
}

/// Whether anything of the packages has to be run for the tree.
pub fn runs_scripts(plan: &Plan, opened: &[OpenedPackage]) -> Result<bool, BuildError> {
    match plan.family {
        Family::Apk => Ok(apk::runs_scripts(plan, opened)?),
        // What configures the packages is the guest's own package manager.
        Family::Deb => Ok(!plan.packages.is_empty()),
    }
}

/// Installs the plan's packages and makes the result repeatable.
///
/// Without a workshop nothing can be run, nor has to be: see [`runs_scripts`].
pub fn build_tree(
    plan: &Plan,
    opened: &[OpenedPackage],
    workshop: Option<Workshop<'_>>,
    progress: &dyn Progress,
) -> Result<Tree, BuildError> {
    progress.report(Event::StageBegun { stage: "install" });
    // The file system's clock, because that is what tells files that scripts touched.
    let began = match &workshop {
        Some(workshop) => Some(modified(workshop.root).map_err(BuildError::Work)?),
        None => None,
    };
    let mut tree = match plan.family {
        Family::Apk => apk::build(plan, opened, workshop)?,
        Family::Deb => deb::build(plan, opened, workshop.ok_or(BuildError::NoWorkshop)?)?,
    };
    progress.report(Event::StageEnded { stage: "install" });
    progress.report(Event::StageBegun { stage: "finish" });
    let context = Context {
        time: Timestamp::from_seconds(plan.timestamp),
        scripts_began: began,
        finish: &plan.finish,
    };
    configure::apply(&mut tree, &context)?;
    progress.report(Event::StageEnded { stage: "finish" });
    Ok(tree)
}

fn modified(path: &Path) -> std::io::Result<Timestamp> {
    use std::os::unix::fs::MetadataExt as _;
    let metadata = fs_err::metadata(path)?;
    Ok(Timestamp {
        seconds: metadata.mtime(),
        nanoseconds: u32::try_from(metadata.mtime_nsec()).unwrap_or(0),
    })
}
