//! A recipe is decided into a plan, fetched, unpacked, configured, and packed.

use std::io;
use std::path::Path;

use rootfs_builder::decide::{Access, decide};
use rootfs_builder::packages::fetch_packages;
use rootfs_builder::plan::Plan;
use rootfs_builder::progress::{Event, Progress};

use crate::recipe::{Decision, Output, Recipe, RecipeError};
use crate::record;
use crate::report::Artifact;
use crate::site::{self, Site};
use crate::stage;

/// Builds a root filesystem.
pub fn rootfs(
    recipe: &Recipe,
    output: &Output,
    progress: &dyn Progress,
) -> anyhow::Result<Artifact> {
    let site = Site::open(recipe)?;
    let plan = decided(recipe, &site, progress)?;
    if let Some(packed) = record::unchanged(&site.store, &plan, output.path())? {
        progress.report(Event::Note { text: "nothing has changed: what is there is the result" });
        return Ok(Artifact::new(&plan, output, packed));
    }
    check_place(output, &site)?;
    let mirrors = site::mirrors_of_plan(recipe, &plan)?;
    let access = Access { store: &site.store, fetcher: &site.fetcher, progress };
    fetch_packages(&plan, &mirrors, access)?;
    let packed = stage::run(&plan, output, &site, progress)?;
    record::remember(&site.store, &plan, output.path(), packed)?;
    Ok(Artifact::new(&plan, output, packed))
}

/// Refuses to put a directory where something of the user's stands.
fn check_place(output: &Output, site: &Site) -> anyhow::Result<()> {
    let Output::Directory(path) = output else { return Ok(()) };
    let is_taken = match fs_err::read_dir(path) {
        Ok(mut entries) => entries.next().is_some(),
        Err(error) if error.kind() == io::ErrorKind::NotFound => false,
        Err(error) => return Err(error.into()),
    };
    if is_taken && !record::is_ours(&site.store, path)? {
        return Err(RecipeError::OutputTaken { path: path.clone() }.into());
    }
    Ok(())
}

/// Decides what a recipe takes.
pub fn plan(recipe: &Recipe, progress: &dyn Progress) -> anyhow::Result<Plan> {
    decided(recipe, &Site::open(recipe)?, progress)
}

/// Writes the lock file.
pub fn write_lock(plan: &Plan, path: &Path) -> anyhow::Result<()> {
    Ok(fs_err::write(path, plan.to_lock()?)?)
}

fn decided(recipe: &Recipe, site: &Site, progress: &dyn Progress) -> anyhow::Result<Plan> {
    match &recipe.decision {
        Decision::Locked(lock) => recipe.read_lock(lock),
        Decision::Anew => {
            let target = recipe.target()?;
            let mirrors = site::mirrors(recipe, &target.distro, &target.release, target.arch)?;
            let spec = site::spec(recipe, &target, mirrors)?;
            let access = Access { store: &site.store, fetcher: &site.fetcher, progress };
            Ok(decide(&target.distro, &spec, access)?)
        }
    }
}
