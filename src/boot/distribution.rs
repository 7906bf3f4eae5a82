//! A distribution's own kernel for virtual machines, through the same plan and store as packages.

use distros::{Arch, DataDistro, Distro as _, Kernel, Profile, Release};
use rootfs_builder::decide::{Access, decide};
use rootfs_builder::digest::Digest;
use rootfs_builder::kernel;
use rootfs_builder::packages::fetch_packages;
use rootfs_builder::plan::Plan;
use rootfs_builder::store::{Shelf, Store};
use tree::Tree;

use super::Reach;
use super::guest::System;
use crate::recipe::{Recipe, Target};
use crate::site;

/// Which of a distribution's kernels is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choice {
    /// What it must be able to do.
    pub kernel: Kernel,
    /// Whether one that was chosen before is good enough; else the archive is asked again.
    pub keep: bool,
}

/// The packages of a distribution's kernel, not fetched yet.
#[derive(Debug)]
pub struct Chosen {
    /// What holds the kernel and its modules.
    pub plan: Plan,
    distro: DataDistro,
    release: Release,
    arch: Arch,
}

/// Chooses the kernel of a distribution's release, or of the default one.
pub fn choose(
    system: Option<&System>,
    arch: Arch,
    choice: Choice,
    reach: Reach<'_>,
) -> anyhow::Result<Chosen> {
    let Reach { recipe, site, progress } = reach;
    let (distro, release) = match system {
        Some(system) => {
            let distro = match recipe.distro_called(&system.distro)? {
                Some(distro) => distro,
                None => distros::find(&system.distro)?,
            };
            let release = distro.release(&system.release)?.clone();
            (distro, release)
        }
        None => {
            let Target { distro, release, .. } = recipe.target()?;
            (distro, release)
        }
    };
    let packages = kernel::packages(&distro, choice.kernel, arch)?;
    let key = Digest::of(format!(
        "kernel {} {} {} {arch} {packages:?} {:?}",
        env!("CARGO_PKG_VERSION"),
        distro.name(),
        release.name,
        // A file of the user may change and keep its name.
        distro.repositories(&release, arch, &release.pockets)?
    ));
    let known = if choice.keep { remembered(&site.store, key)? } else { None };
    let plan = match known {
        Some(plan) => plan,
        None => {
            let mirrors = site::mirrors(recipe, &distro, &release, arch)?;
            let target = Target {
                pockets: release.pockets.clone(),
                distro: distro.clone(),
                release: release.clone(),
                arch,
                profile: Profile::Base,
            };
            let recipe = Recipe { packages, ..recipe.clone() };
            let spec = site::spec(&recipe, &target, mirrors)?;
            let access = Access { store: &site.store, fetcher: &site.fetcher, progress };
            let mut plan = decide(&distro, &spec, access)?;
            kernel::narrow(&mut plan, &distro);
            site.store.write_record(Shelf::Plans, key, plan.to_lock()?.as_bytes())?;
            plan
        }
    };
    Ok(Chosen { plan, distro, release, arch })
}

fn remembered(store: &Store, key: Digest) -> anyhow::Result<Option<Plan>> {
    let text = store.read_record(Shelf::Plans, key)?.and_then(|text| String::from_utf8(text).ok());
    Ok(text.and_then(|text| Plan::from_lock(&text).ok()))
}

impl Chosen {
    /// Fetches and opens the packages; the tree's contents are in the store.
    pub fn fetch(&self, reach: Reach<'_>) -> anyhow::Result<Tree> {
        let Reach { recipe, site, progress } = reach;
        let mirrors = site::mirrors(recipe, &self.distro, &self.release, self.arch)?;
        let access = Access { store: &site.store, fetcher: &site.fetcher, progress };
        Ok(kernel::tree(&fetch_packages(&self.plan, &mirrors, access)?)?)
    }

    /// Which distribution's it is.
    pub fn told(&self) -> String {
        format!("{} {}", self.distro.title(), self.release.name)
    }
}
