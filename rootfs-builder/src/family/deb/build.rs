//! From opened packages of the deb family to a tree in which all of them are configured.

use std::cell::RefCell;
use std::thread;

use tree::Tree;

use super::install::{InstallError, install};
use super::package::{DebPackage, PackageError};
use crate::build::Workshop;
use crate::family::Scripts;
use crate::family::opened::OpenedPackage;
use crate::plan::Plan;

/// Why a tree could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A package could not be read.
    #[error("read package {0}")]
    Package(String, #[source] PackageError),
    /// The packages could not be installed.
    #[error("install packages")]
    Install(#[from] InstallError),
}

/// Installs the plan's packages.
pub(crate) fn build(
    plan: &Plan,
    opened: &[OpenedPackage],
    workshop: Workshop<'_>,
) -> Result<Tree, BuildError> {
    let packages = read_packages(plan, opened)?;
    let scripts = Scripts {
        runner: workshop.runner,
        progress: workshop.progress,
        emulation: workshop.emulation.clone(),
        timestamp: plan.timestamp,
        on_disk: workshop.owners,
        owners: RefCell::new(Vec::new()),
    };
    Ok(install(plan, &packages, workshop.root, &scripts)?)
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
