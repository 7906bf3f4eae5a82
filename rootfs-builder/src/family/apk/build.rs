//! From opened packages of the apk family to a tree in which all of them are installed.

use std::cell::RefCell;

use tree::Tree;

use super::install::{InstallError, install};
use super::package::{ApkPackage, PackageError};
use crate::build::Workshop;
use crate::family::opened::OpenedPackage;
use crate::family::scripts::Scripts;
use crate::plan::Plan;

/// Why a tree could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// A package could not be read.
    #[error("read package {0}")]
    Package(String, #[source] PackageError),
    /// A package holds another one than the plan says.
    #[error("read package {expected}: it is {actual}")]
    OtherPackage {
        /// What the plan says.
        expected: String,
        /// What it is.
        actual: String,
    },
    /// The packages could not be installed.
    #[error("install packages")]
    Install(#[from] InstallError),
}

/// Installs the plan's packages; without a workshop, no script may have to be run.
pub(crate) fn build(
    plan: &Plan,
    opened: &[OpenedPackage],
    workshop: Option<Workshop<'_>>,
) -> Result<Tree, BuildError> {
    let packages = read_packages(plan, opened)?;
    let Some(workshop) = workshop else { return Ok(install(plan, &packages, None)?) };
    let scripts = Scripts {
        runner: workshop.runner,
        progress: workshop.progress,
        emulation: workshop.emulation.clone(),
        timestamp: plan.timestamp,
        on_disk: workshop.owners,
        owners: RefCell::new(Vec::new()),
    };
    Ok(install(plan, &packages, Some((workshop.root, &scripts)))?)
}

/// Whether a script of the packages does something that only running it can do.
pub(crate) fn runs_scripts(plan: &Plan, opened: &[OpenedPackage]) -> Result<bool, BuildError> {
    match build(plan, opened, None) {
        Ok(_) => Ok(false),
        Err(BuildError::Install(InstallError::NeedsSandbox { .. })) => Ok(true),
        Err(error) => Err(error),
    }
}

fn read_packages(plan: &Plan, opened: &[OpenedPackage]) -> Result<Vec<ApkPackage>, BuildError> {
    let read = |(planned, opened): (&crate::plan::PlannedPackage, &OpenedPackage)| {
        let package = ApkPackage::read(&opened.control_tar.as_path().into(), &opened.data_tar)
            .map_err(|error| BuildError::Package(planned.name.clone(), error))?;
        let expected = format!("{} {}", planned.name, planned.version);
        let actual = format!("{} {}", package.info.name, package.info.version);
        if actual == expected {
            Ok(package)
        } else {
            Err(BuildError::OtherPackage { expected, actual })
        }
    };
    plan.packages.iter().zip(opened).map(read).collect()
}
