//! From opened packages to a configured tree.

use std::cell::RefCell;
use std::path::Path;
use std::thread;

use sandbox::{Emulation, ToolRunner};
use tree::directory::Owners;
use tree::{Timestamp, Tree};

use crate::configure::{self, ConfigureError, Context};
use crate::family::Scripts;
use crate::family::deb::archive::OpenedPackage;
use crate::family::deb::{self, DebPackage, InstallError, PackageError};
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
    /// A package could not be read.
    #[error("read package {0}")]
    Package(String, #[source] PackageError),
    /// The packages could not be installed.
    #[error("install packages")]
    Install(#[from] InstallError),
    /// A normalising step failed.
    #[error("finish the tree")]
    Configure(#[from] ConfigureError),
    /// The working directory cannot be used.
    #[error("use the working directory")]
    Work(#[source] std::io::Error),
}

/// Installs the plan's packages and makes the result repeatable.
pub fn build_tree(
    plan: &Plan,
    opened: &[OpenedPackage],
    workshop: Workshop<'_>,
) -> Result<Tree, BuildError> {
    let progress = workshop.progress;
    progress.report(Event::StageBegun { stage: "install" });
    // The file system's clock, because that is what tells files that scripts touched.
    let began = fs_err::metadata(workshop.root)
        .and_then(|metadata| modified(&metadata))
        .map_err(BuildError::Work)?;
    let packages = read_packages(plan, opened)?;
    let scripts = Scripts {
        runner: workshop.runner,
        progress,
        emulation: workshop.emulation.clone(),
        timestamp: plan.timestamp,
        on_disk: workshop.owners,
        owners: RefCell::new(Vec::new()),
    };
    let mut tree = deb::install(plan, &packages, workshop.root, &scripts)?;
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

fn modified(metadata: &std::fs::Metadata) -> std::io::Result<Timestamp> {
    use std::os::unix::fs::MetadataExt as _;
    Ok(Timestamp {
        seconds: metadata.mtime(),
        nanoseconds: u32::try_from(metadata.mtime_nsec()).unwrap_or(0),
    })
}

/// Reads all packages, half of them in a second thread: it is mostly headers of tar archives.
fn read_packages(plan: &Plan, opened: &[OpenedPackage]) -> Result<Vec<DebPackage>, BuildError> {
    let read_all = |range: std::ops::Range<usize>| -> Result<Vec<DebPackage>, BuildError> {
        range.map(|at| read_package(plan, opened, at)).collect()
    };
    let middle = opened.len() / 2;
    thread::scope(|scope| {
        let second = scope.spawn(|| read_all(middle..opened.len()));
        let mut packages = read_all(0..middle)?;
        match second.join() {
            Ok(rest) => packages.extend(rest?),
            Err(panic) => std::panic::resume_unwind(panic),
        }
        Ok(packages)
    })
}

fn read_package(
    plan: &Plan,
    opened: &[OpenedPackage],
    at: usize,
) -> Result<DebPackage, BuildError> {
    let planned = &plan.packages[at];
    let fail = |error| BuildError::Package(planned.name.clone(), error);
    let control_tar = opened[at].control_tar.as_path().into();
    let package = DebPackage::read(&control_tar, &opened[at].data_tar).map_err(fail)?;
    let actual = package.identity();
    let expected = format!("{} {} {}", planned.name, planned.version, planned.arch);
    if actual != expected {
        return Err(fail(PackageError::OtherPackage { expected, actual }));
    }
    Ok(package)
}
