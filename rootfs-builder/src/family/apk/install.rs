//! Installs packages one after the other, as apk does.
//!
//! Files and database are written by us. A script runs natively where its whole effect is known; for
//! the first one that must really run, the tree is written to a working directory, and read back
//! after each, so that the tree is always what the guest would see.

use std::path::Path;

use tree::{GuestPath, Timestamp, Tree};

use super::database::{self, DatabaseError};
use super::order::order;
use super::package::{ApkPackage, ScriptKind};
use super::scripts::{self, ScriptRunError};
use super::triggers;
use super::unpack::{self, Ledger, UnpackError};
use crate::family::scripts::Scripts;
use crate::family::working_copy::{WorkingCopy, WorkingCopyError};
use crate::plan::Plan;

/// Why packages could not be installed.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// The package database could not be written.
    #[error("write the package database")]
    Database(#[from] DatabaseError),
    /// A package's files could not be put into the tree.
    #[error("unpack")]
    Unpack(#[from] UnpackError),
    /// The working directory could not be written or read.
    #[error(transparent)]
    WorkingCopy(#[from] WorkingCopyError),
    /// A script failed.
    #[error("{package}: run {script}")]
    Script {
        /// The package.
        package: String,
        /// The script.
        script: &'static str,
        /// Why.
        source: ScriptRunError,
    },
    /// A script must really run, and there is no place to run it.
    #[error("{package}: {script} must run in the guest")]
    NeedsSandbox {
        /// The package.
        package: String,
        /// The script.
        script: &'static str,
    },
    /// A path is not one.
    #[error("name a path")]
    Path(#[from] tree::PathError),
}

/// Installs all `packages` and returns the tree. Scripts that must really run do so in `workshop`,
/// an empty directory and what runs programs there; without one, the first such script is the error
/// [`InstallError::NeedsSandbox`].
pub(crate) fn install(
    plan: &Plan,
    packages: &[ApkPackage],
    workshop: Option<(&Path, &Scripts<'_>)>,
) -> Result<Tree, InstallError> {
    let libraries = database::libraries(packages);
    let mut guest = Guest {
        packages,
        libraries,
        time: Timestamp::from_seconds(plan.timestamp),
        tree: database::base_tree(plan, libraries)?,
        ledger: Ledger::default(),
        working: workshop.map(|(root, scripts)| WorkingCopy::new(root, scripts)),
        is_written: false,
        pending: Vec::new(),
    };
    let order = order(&database::asked_for(plan), packages);
    for at in &order {
        guest.install(*at)?;
    }
    let settled = guest.ledger.settle_all(&mut guest.tree);
    guest.pending.extend(settled);
    guest.run_triggers(&order)?;
    let Guest { mut tree, ledger, time, .. } = guest;
    database::write(&mut tree, plan, &order, packages, (&ledger, libraries))?;
    database::write_keys(&mut tree, &plan.keys, time)?;
    Ok(tree)
}

struct Guest<'a> {
    packages: &'a [ApkPackage],
    libraries: &'static str,
    time: Timestamp,
    tree: Tree,
    ledger: Ledger,
    working: Option<WorkingCopy<'a>>,
    is_written: bool,
    /// What the working directory does not have yet, once it has anything.
    pending: Vec<GuestPath>,
}

impl Guest<'_> {
    fn install(&mut self, at: usize) -> Result<(), InstallError> {
        let version = [self.packages[at].info.version.clone()];
        self.run(at, ScriptKind::PreInstall, &version)?;
        let written = unpack::unpack(&mut self.tree, &mut self.ledger, self.packages, at)?;
        self.pending.extend(written);
        self.run(at, ScriptKind::PostInstall, &version)
    }

    fn run_triggers(&mut self, order: &[usize]) -> Result<(), InstallError> {
        let directories = self.ledger.all_directories();
        for at in order {
            let arguments = triggers::set_off(&self.packages[*at], &directories);
            if !arguments.is_empty() {
                self.run(*at, ScriptKind::Trigger, &arguments)?;
            }
        }
        Ok(())
    }

    fn run(
        &mut self,
        at: usize,
        kind: ScriptKind,
        arguments: &[String],
    ) -> Result<(), InstallError> {
        let package = &self.packages[at];
        let Some(script) = package.scripts.get(&kind) else { return Ok(()) };
        if let Some((tree, changed)) =
            scripts::run_natively(&self.tree, script, arguments, self.time)
        {
            self.tree = tree;
            self.pending.extend(changed);
            return Ok(());
        }
        self.write_pending()?;
        let Some(working) = &mut self.working else {
            return Err(InstallError::NeedsSandbox {
                package: package.full_name(),
                script: kind.name(),
            });
        };
        let tree = std::mem::take(&mut self.tree);
        self.tree = scripts::run(working, tree, self.libraries, (package, kind), arguments)
            .map_err(|source| InstallError::Script {
                package: package.full_name(),
                script: kind.name(),
                source,
            })?;
        Ok(())
    }

    /// Brings the working directory, if there is one, to what the tree says.
    fn write_pending(&mut self) -> Result<(), InstallError> {
        let Some(working) = &mut self.working else { return Ok(()) };
        let pending = std::mem::take(&mut self.pending);
        if self.is_written {
            return Ok(working.write(&self.tree, &pending)?);
        }
        self.is_written = true;
        let all: Vec<GuestPath> = self.tree.iter().map(|(path, _)| path.clone()).collect();
        Ok(working.write(&self.tree, &all)?)
    }
}

#[cfg(test)]
mod tests;
