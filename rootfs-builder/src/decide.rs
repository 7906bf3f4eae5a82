//! From what was asked for to a plan: asks the archives, believes only what is signed, chooses.

use distros::{Distro, Family, ProfileFacts, Release};

use crate::digest::Digest;
use crate::family::{apk, deb};
use crate::fetch::Fetcher;
use crate::plan::{ClockFiles, Finish, Plan, PlanError};
use crate::progress::{Event, Progress};
use crate::spec::RootfsSpec;
use crate::store::{Shelf, Store, StoreError};

/// What a decision may reach.
#[derive(Clone, Copy)]
pub struct Access<'a> {
    /// Where downloads are kept.
    pub store: &'a Store,
    /// The network.
    pub fetcher: &'a Fetcher,
    /// Who hears of it.
    pub progress: &'a dyn Progress,
}

/// Why nothing could be decided.
#[derive(Debug, thiserror::Error)]
pub enum DecideError {
    /// The distribution does not have what was asked for.
    #[error(transparent)]
    Distro(#[from] distros::Error),
    /// The archives of a distribution of the deb family do not give it.
    #[error(transparent)]
    Deb(#[from] deb::DecideError),
    /// The repositories of a distribution of the apk family do not give it.
    #[error(transparent)]
    Apk(#[from] apk::DecideError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The plan could not be written or read.
    #[error(transparent)]
    Plan(#[from] PlanError),
}

/// What is to be decided, with the words looked up that are the same in every family.
#[derive(Clone, Copy)]
pub(crate) struct Asked<'a> {
    pub(crate) distro: &'a dyn Distro,
    pub(crate) release: &'a Release,
    pub(crate) spec: &'a RootfsSpec,
    /// The architecture, in the distribution's own spelling.
    pub(crate) arch: &'a str,
}

/// Decides everything about one root filesystem.
pub fn decide(
    distro: &dyn Distro,
    spec: &RootfsSpec,
    access: Access<'_>,
) -> Result<Plan, DecideError> {
    access.progress.report(Event::StageBegun { stage: "plan" });
    let release = match &spec.release {
        Some(name) => distro.release(name)?,
        None => distro.default_release(),
    };
    let arch = distro.arch_name(spec.arch).unwrap_or_default();
    let asked = Asked { distro, release, spec, arch };
    let plan = match distro.family() {
        Family::Deb => deb::decide::decide(asked, access)?,
        Family::Apk => apk::decide::decide(asked, access)?,
    };
    access.progress.report(Event::StageEnded { stage: "plan" });
    Ok(plan)
}

impl Asked<'_> {
    /// The packages to install: the profile's, then the user's.
    pub(crate) fn packages(&self) -> Result<Vec<String>, distros::Error> {
        let mut packages = self.distro.profile_packages(self.spec.profile, &self.spec.without)?;
        packages.extend_from_slice(&self.spec.packages);
        Ok(packages)
    }

    /// What the profile chooses and removes.
    pub(crate) fn facts(&self) -> Result<&ProfileFacts, distros::Error> {
        self.distro.family_facts().profile(self.spec.profile)
    }

    /// A plan without packages and repositories.
    pub(crate) fn empty_plan(&self) -> Result<Plan, distros::Error> {
        Ok(Plan {
            version: Plan::VERSION,
            family: self.distro.family(),
            distro: self.distro.name().to_owned(),
            release: self.release.name.clone(),
            arch: self.arch.to_owned(),
            profile: self.spec.profile.name().to_owned(),
            timestamp: self.spec.timestamp.unwrap_or_default(),
            wanted: Vec::new(),
            finish: self.finish()?,
            keys: Vec::new(),
            repositories: Vec::new(),
            packages: Vec::new(),
        })
    }

    fn finish(&self) -> Result<Finish, distros::Error> {
        let (facts, files) = (self.facts()?, &self.distro.family_facts().files);
        Ok(Finish {
            temporary_in_memory: facts.temporary_in_memory,
            host_clock: facts.host_clock.then(|| ClockFiles {
                configuration: files.chrony_conf.clone(),
                unit: files.chrony_unit.clone(),
            }),
            prune: facts.prune.clone(),
            prune_names: facts.prune_names.clone(),
            links: self.distro.profile_links(self.spec.profile, &self.spec.without)?,
        })
    }

    /// The digest of everything that a decision depends on; `proofs` says what the archives are.
    pub(crate) fn question(&self, proofs: &str) -> Digest {
        let Self { distro, release, spec, .. } = self;
        let facts = self.facts();
        Digest::of(format!(
            "{}\0{:?}\0{}\0{}\0{:?}\0{}\0{:?}\0{}\0{:?}\0{facts:?}\0{:?}\0{:?}\0{proofs}",
            env!("CARGO_PKG_VERSION"),
            distro.family(),
            distro.name(),
            release.name,
            self.arch,
            spec.profile,
            spec.packages,
            spec.recommends,
            spec.timestamp,
            distro.profile_packages(spec.profile, &spec.without).ok(),
            self.finish().ok(),
        ))
    }
}

/// The plan that answered the same question before; else the one that `choose` makes.
pub(crate) fn remembered_or<E: From<StoreError> + From<PlanError>>(
    key: Digest,
    store: &Store,
    choose: impl FnOnce() -> Result<Plan, E>,
) -> Result<Plan, E> {
    let text = store.read_record(Shelf::Plans, key)?.and_then(|text| String::from_utf8(text).ok());
    // One that cannot be read any more is made again.
    if let Some(plan) = text.and_then(|text| Plan::from_lock(&text).ok()) {
        return Ok(plan);
    }
    let plan = choose()?;
    store.write_record(Shelf::Plans, key, plan.to_lock()?.as_bytes())?;
    Ok(plan)
}
