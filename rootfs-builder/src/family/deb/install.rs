//! Installs packages into a working directory, wave by wave.
//!
//! Files and database are written by us; scripts are run by the guest's own `dpkg`. Between waves
//! the directory is read back, so that the tree is always what the guest would see.

use std::path::Path;

use tree::{GuestPath, Timestamp, Tree};

use super::base::{self, BaseError};
use super::database::{self, DatabaseError};
use super::diversions::Diversions;
use super::package::{DebPackage, PackageError};
use super::paragraph::Paragraph;
use super::scripts;
use super::services::Silenced;
use super::triggers::Interests;
use super::unpack::{self, FileOwners, UnpackError};
use super::waves;
use crate::family::scripts::{ScriptError, Scripts};
use crate::family::working_copy::{WorkingCopy, WorkingCopyError};
use crate::plan::Plan;

/// Why packages could not be installed.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// The first tree could not be made.
    #[error("prepare the guest")]
    Base(#[from] BaseError),
    /// A package could not be read.
    #[error("read {0}")]
    Package(String, #[source] PackageError),
    /// A package's files could not be put into the tree.
    #[error("unpack")]
    Unpack(#[from] UnpackError),
    /// The package database could not be written.
    #[error("write the package database")]
    Database(#[from] DatabaseError),
    /// The tree could not be changed.
    #[error("record files")]
    Tree(#[from] tree::Error),
    /// The working directory could not be written or read.
    #[error(transparent)]
    WorkingCopy(#[from] WorkingCopyError),
    /// A maintainer script failed.
    #[error("configure")]
    Script(#[from] ScriptError),
}

/// Installs all `packages` into the empty directory `root` and returns what is there then.
pub(crate) fn install(
    plan: &Plan,
    packages: &[DebPackage],
    root: &Path,
    scripts: &Scripts<'_>,
) -> Result<Tree, InstallError> {
    let tree = base::base_tree(plan, packages)?;
    let mut guest = Guest {
        plan,
        packages,
        working: WorkingCopy::new(root, scripts),
        tree,
        owners: FileOwners::default(),
        interests: Interests::default(),
    };
    let all: Vec<GuestPath> = guest.tree.iter().map(|(path, _)| path.clone()).collect();
    guest.write(&all)?;
    let waves = waves::waves(packages);
    if let Some((essential, later)) = waves.split_first() {
        let silenced = guest.install_essential(essential)?;
        for wave in later {
            guest.install_wave(wave)?;
        }
        silenced.take_away(&mut guest.tree)?;
        guest.record_automatic(essential)?;
    }
    Ok(guest.tree)
}

struct Guest<'a> {
    plan: &'a Plan,
    packages: &'a [DebPackage],
    working: WorkingCopy<'a>,
    tree: Tree,
    owners: FileOwners,
    interests: Interests,
}

impl Guest<'_> {
    /// The essential packages are all in place before the first script of theirs runs.
    fn install_essential(&mut self, wave: &[usize]) -> Result<Silenced, InstallError> {
        let mut changed = self.unpack(wave)?;
        let time = self.time();
        let (silenced, programs) = Silenced::put(&mut self.tree, time)?;
        changed.extend(programs);
        self.write(&changed)?;
        self.run_preinsts(wave)?;
        self.configure()?;
        Ok(silenced)
    }

    /// A later package's `preinst` runs before its files are there, as with `dpkg`: it may divert
    /// them.
    fn install_wave(&mut self, wave: &[usize]) -> Result<(), InstallError> {
        self.run_preinsts(wave)?;
        let changed = self.unpack(wave)?;
        self.write(&changed)?;
        self.configure()
    }

    /// Runs the `preinst` of every package of a wave that has one.
    fn run_preinsts(&mut self, wave: &[usize]) -> Result<(), InstallError> {
        let packages: Vec<&DebPackage> = wave
            .iter()
            .map(|at| &self.packages[*at])
            .filter(|package| package.has_script("preinst"))
            .collect();
        if packages.is_empty() {
            return Ok(());
        }
        let mut staged = Vec::new();
        for package in &packages {
            staged.extend(self.insert(database::staged_nodes(package)?)?);
        }
        self.write(&staged)?;
        let names: Vec<String> = packages.iter().map(|package| package.database_name()).collect();
        let dpkg = self.plan.packages.iter().find(|package| package.name == "dpkg");
        let guest = (self.plan.arch.as_str(), dpkg.map_or("", |package| &package.version));
        scripts::run_preinsts(self.working.scripts, self.working.root, guest, &names)?;
        self.read_back()
    }

    /// Puts the files of a wave into the tree and records them as unpacked.
    fn unpack(&mut self, wave: &[usize]) -> Result<Vec<GuestPath>, InstallError> {
        let diversions = Diversions::parse(&database::read_file(&self.tree, "diversions")?);
        let mut status = database::read_status(&self.tree)?;
        let mut changed = Vec::new();
        for at in wave {
            let package = &self.packages[*at];
            let placed =
                unpack::unpack(&mut self.tree, &mut self.owners, self.packages, *at, &diversions)?;
            let declared = in_package(package, package.triggers())?;
            let set_off =
                self.interests.set_off(&declared, package.entries.iter().map(|(path, _)| path));
            for (listener, triggers) in set_off {
                set_pending(&mut status, &listener, triggers.iter().map(String::as_str));
            }
            changed.extend(placed);
            changed.extend(self.insert_info(*at)?);
            status.push(database::status_paragraph(package)?);
            self.interests.add(&package.database_name(), &declared);
        }
        let mut nodes = database::trigger_nodes(&self.interests, self.time())?;
        let status = database::file_node(database::status_text(&status), self.time());
        nodes.push((database::database_path("status")?, status));
        changed.extend(self.insert(nodes)?);
        Ok(changed)
    }

    fn insert_info(&mut self, at: usize) -> Result<Vec<GuestPath>, InstallError> {
        let nodes = database::info_nodes(&self.packages[at], self.time())?;
        self.insert(nodes)
    }

    fn insert(
        &mut self,
        nodes: Vec<(GuestPath, tree::Node)>,
    ) -> Result<Vec<GuestPath>, InstallError> {
        let mut paths = Vec::with_capacity(nodes.len());
        for (path, node) in nodes {
            self.tree.insert(path.clone(), node)?;
            paths.push(path);
        }
        Ok(paths)
    }

    /// Lets the guest's `dpkg` do what is left, if anything is.
    fn configure(&mut self) -> Result<(), InstallError> {
        let status = database::read_status(&self.tree)?;
        if status.iter().any(|paragraph| paragraph.get("Status") != Some(database::INSTALLED)) {
            scripts::configure_pending(self.working.scripts, self.working.root)?;
            self.read_back()?;
        }
        Ok(())
    }

    fn time(&self) -> Timestamp {
        Timestamp::from_seconds(self.plan.timestamp)
    }

    fn write(&mut self, paths: &[GuestPath]) -> Result<(), InstallError> {
        Ok(self.working.write(&self.tree, paths)?)
    }

    fn read_back(&mut self) -> Result<(), InstallError> {
        self.tree = self.working.read_back(&self.tree)?;
        Ok(())
    }

    /// Tells the guest's `apt` which packages nobody asked for, so that it may remove them later.
    fn record_automatic(&mut self, essential: &[usize]) -> Result<(), InstallError> {
        let mut text = String::new();
        for (at, package) in self.packages.iter().enumerate() {
            let asked_for = self
                .plan
                .packages
                .iter()
                .any(|planned| planned.requested && planned.name == package.name);
            if !asked_for && !essential.contains(&at) {
                let arch = match package.control.text("Architecture").as_str() {
                    "all" => self.plan.arch.clone(),
                    own => own.to_owned(),
                };
                text.push_str(&format!(
                    "Package: {}\nArchitecture: {arch}\nAuto-Installed: 1\n\n",
                    package.name
                ));
            }
        }
        if !text.is_empty() {
            let path = GuestPath::new("var/lib/apt/extended_states").map_err(tree::Error::from)?;
            self.tree.insert(path, database::file_node(text.into_bytes(), self.time()))?;
        }
        Ok(())
    }
}

/// Records that triggers wait to be processed by an installed package.
fn set_pending<'a>(
    status: &mut [Paragraph],
    listener: &str,
    triggers: impl Iterator<Item = &'a str>,
) {
    let (name, arch) = listener.split_once(':').map_or((listener, None), |(n, a)| (n, Some(a)));
    let Some(paragraph) = status.iter_mut().find(|paragraph| {
        paragraph.text("Package") == name
            && arch.is_none_or(|arch| paragraph.text("Architecture") == arch)
    }) else {
        return;
    };
    // A package that is still to be configured does then what its triggers would have it do.
    if !matches!(paragraph.get("Status"), Some(database::INSTALLED | database::TRIGGERS_PENDING)) {
        return;
    }
    let mut pending = paragraph.text("Triggers-Pending");
    for trigger in triggers {
        if !pending.split(' ').any(|known| known == trigger) {
            pending = format!("{pending} {trigger}").trim_start().to_owned();
        }
    }
    paragraph.set("Status", database::TRIGGERS_PENDING);
    paragraph.set("Triggers-Pending", pending);
}

fn in_package<T>(package: &DebPackage, result: Result<T, PackageError>) -> Result<T, InstallError> {
    result.map_err(|error| InstallError::Package(package.name.clone(), error))
}
