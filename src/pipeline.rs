//! A recipe is decided into a plan, fetched, unpacked, configured, and packed.

use std::io;
use std::path::Path;

use distros::Arch;
use rootfs_builder::build::runs_scripts;
use rootfs_builder::decide::{Access, decide};
use rootfs_builder::packages::fetch_packages;
use rootfs_builder::plan::Plan;
use rootfs_builder::progress::{Event, Progress};

use crate::brought;
use crate::pack::{self, Packed};
use crate::recipe::{Decision, Output, Recipe, RecipeError};
use crate::record::{self, Question};
use crate::report::Artifact;
use crate::site::{self, Site};
use crate::source::{Given, Source};
use crate::stage::{self, Needs, Order};

/// Builds an artifact.
pub fn build(
    recipe: &Recipe,
    output: &Output,
    progress: &dyn Progress,
) -> anyhow::Result<Artifact> {
    let site = Site::open(recipe)?;
    let source = source(recipe, &site, progress)?;
    let agent = &recipe.agent;
    let order = Order { source: &source, modules: recipe.modules.as_deref(), agent, output };
    let question = Question::of(&order)?;
    if let Some(packed) = record::unchanged(&site.store, &question, &source, output.path())? {
        progress.report(Event::Note { text: "nothing has changed: what is there is the result" });
        return finished(&source, output, packed);
    }
    check_place(output, &site)?;
    brought::check(agent, source.arch())?;
    let scripts = match &source {
        Source::Plan(plan) => {
            let mirrors = site::mirrors_of_plan(recipe, plan)?;
            let access = Access { store: &site.store, fetcher: &site.fetcher, progress };
            runs_scripts(plan, &fetch_packages(plan, &mirrors, access)?)?
        }
        // A tree that is there already runs none.
        Source::Given(_) => false,
    };
    let brought = brought::bring(recipe, source.arch(), &site, progress)?;
    let needs = Needs { agent: brought.spec.as_ref(), scripts };
    let made = stage::run(&order, needs, &site, progress)?;
    record::remember(&site.store, &question, output.path(), &made)?;
    finished(&source, output, made.packed)
}

/// The artifact as it is reported, with the file beside it that proves it.
fn finished(source: &Source, output: &Output, packed: Packed) -> anyhow::Result<Artifact> {
    if let Some(proof) = &packed.proof {
        let path = output.path().with_file_name(&proof.file_name);
        // Written anew only if need be: an unchanged build changes nothing.
        if fs_err::read_to_string(&path).ok().as_ref() != Some(&proof.text) {
            pack::small_file(&path, &proof.text)?;
        }
    }
    Ok(Artifact::new(source, output, packed))
}

/// Decides what the tree is made of.
fn source(recipe: &Recipe, site: &Site, progress: &dyn Progress) -> anyhow::Result<Source> {
    let Some(path) = &recipe.rootfs else {
        return Ok(Source::Plan(Box::new(decided(recipe, site, progress)?)));
    };
    let host = || Arch::host().map_or(std::env::consts::ARCH, Arch::name).to_owned();
    let arch = recipe.arch.clone().unwrap_or_else(host);
    Ok(Source::Given(Given { path: std::path::absolute(path)?, arch, timestamp: recipe.timestamp }))
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
