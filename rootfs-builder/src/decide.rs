//! From what was asked for to a plan: asks the archives, believes only what is signed, chooses.

mod releases;
mod sources;

use std::collections::BTreeMap;

use distros::{Arch, Distro, ProfileFacts, Selection as Select};

use crate::digest::Digest;
use crate::family::deb::ReleaseError;
use crate::family::deb::index::{Index, IndexError, Package, Priority, Universe};
use crate::family::deb::release::Release;
use crate::family::deb::select::{self, Request, SelectError, Stage};
use crate::fetch::{self, FetchError, Fetcher, IndexRequest};
use crate::plan::{ClockFiles, Finish, Plan, PlanError, PlannedPackage, PlannedRepository};
use crate::progress::{Event, Progress};
use crate::spec::RootfsSpec;
use crate::store::{Shelf, Store, StoreError};
use crate::trust::TrustError;
use releases::Proven;

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
    /// Keys could not be read.
    #[error("read the keys of {name}")]
    Keys {
        /// Where they came from.
        name: String,
        /// Why.
        source: TrustError,
    },
    /// A release file could not be fetched.
    #[error("ask {0}")]
    Fetch(String, #[source] FetchError),
    /// A release file is not to be believed.
    #[error("verify {0}")]
    Trust(String, #[source] TrustError),
    /// A release file is not what was asked for.
    #[error("use {0}")]
    Release(String, #[source] ReleaseError),
    /// An index could not be fetched.
    #[error("fetch package indexes")]
    Indexes(#[source] FetchError),
    /// An index could not be read from the store.
    #[error("read a package index")]
    ReadIndex(#[source] std::io::Error),
    /// An index is malformed.
    #[error("read package indexes")]
    Index(#[from] IndexError),
    /// An index does not say all that is needed of a package.
    #[error("the index has no valid {field} for {package}")]
    Incomplete {
        /// The package.
        package: String,
        /// The field.
        field: &'static str,
    },
    /// No set of packages fits.
    #[error("choose packages")]
    Select(#[from] SelectError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The plan could not be written or read.
    #[error(transparent)]
    Plan(#[from] PlanError),
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
    let sources = sources::sources(distro, release, spec.arch, spec)?;
    let proven = releases::prove(sources, spec, access)?;
    let key = question(distro, spec, &release.name, &proven);
    let plan = match remembered(access.store, key)? {
        Some(plan) => plan,
        None => {
            let plan = choose(distro, spec, &release.name, &proven, access)?;
            access.store.write_record(Shelf::Plans, key, plan.to_lock()?.as_bytes())?;
            plan
        }
    };
    access.progress.report(Event::StageEnded { stage: "plan" });
    Ok(plan)
}

/// The digest of everything that a decision depends on.
fn question(distro: &dyn Distro, spec: &RootfsSpec, release: &str, proven: &[Proven]) -> Digest {
    let facts = distro.family_facts().profile(spec.profile);
    let proofs: Vec<_> = proven
        .iter()
        .map(|p| {
            (&p.source.recorded, &p.source.suite, &p.source.components, p.digest, &p.signed_by)
        })
        .collect();
    let links = distro.profile_links(spec.profile, &spec.without).ok();
    let question = format!(
        "{}\0{}\0{links:?}\0{release}\0{:?}\0{}\0{:?}\0{}\0{:?}\0{facts:?}\0{:?}\0{proofs:?}",
        env!("CARGO_PKG_VERSION"),
        distro.name(),
        distro.arch_name(spec.arch),
        spec.profile,
        spec.packages,
        spec.recommends,
        spec.timestamp,
        distro.profile_packages(spec.profile, &spec.without).ok(),
    );
    Digest::of(question)
}

/// The plan that answered the same question before; none if it cannot be read any more.
fn remembered(store: &Store, key: Digest) -> Result<Option<Plan>, DecideError> {
    let text = store.read_record(Shelf::Plans, key)?.and_then(|text| String::from_utf8(text).ok());
    Ok(text.and_then(|text| Plan::from_lock(&text).ok()))
}

fn choose(
    distro: &dyn Distro,
    spec: &RootfsSpec,
    release: &str,
    proven: &[Proven],
    access: Access<'_>,
) -> Result<Plan, DecideError> {
    let arch = distro.arch_name(spec.arch).unwrap_or_default().to_owned();
    let facts = distro.family_facts().profile(spec.profile)?;
    let mut packages = distro.profile_packages(spec.profile, &spec.without)?;
    packages.extend_from_slice(&spec.packages);
    let foreign = foreign_archs(distro, &arch, &packages);
    let archs: Vec<&str> = [arch.as_str()].into_iter().chain(foreign.iter().copied()).collect();
    let (requests, origins) = index_requests(&archs, proven)?;
    let paths = access
        .fetcher
        .fetch_indexes(access.store, &requests, access.progress)
        .map_err(DecideError::Indexes)?;
    let mut indexes = Vec::new();
    for ((path, request), &origin) in paths.iter().zip(&requests).zip(&origins) {
        let bytes = fs_err::read(path).map_err(DecideError::ReadIndex)?;
        let pin = pin(&proven[origin].release);
        indexes.push(Index { label: request.name.clone(), pin, bytes });
    }
    let universe = Universe::read(&arch, &foreign, indexes)?;
    // The essential system first: what it brought is preferred when the rest is chosen.
    let essential =
        Stage { essential: facts.select.contains(&Select::Essential), ..Stage::default() };
    let required = facts.select.contains(&Select::Required).then_some(Priority::Required);
    let rest = Stage { essential: false, priorities: required.into_iter().collect(), packages };
    let request = Request { stages: vec![essential, rest], recommends: spec.recommends };
    let selection = select::select(&universe, &request)?;
    let planned = selection.packages.iter().map(|chosen| {
        let package = universe.package(chosen.id);
        let base = &proven[origins[package.index()]].source.recorded;
        planned_package(&package, base, chosen.is_requested)
    });
    let mut packages: Vec<PlannedPackage> = planned.collect::<Result<_, _>>()?;
    packages.sort_by(|a, b| (&a.name, &a.arch).cmp(&(&b.name, &b.arch)));
    let newest = proven.iter().map(|proven| proven.release.date).max().unwrap_or(0);
    Ok(Plan {
        version: Plan::VERSION,
        distro: distro.name().to_owned(),
        release: release.to_owned(),
        arch,
        profile: spec.profile.name().to_owned(),
        timestamp: spec.timestamp.unwrap_or(newest),
        finish: finish(distro, facts, distro.profile_links(spec.profile, &spec.without)?),
        repositories: proven.iter().map(planned_repository).collect(),
        packages,
    })
}

/// The architectures beside the native one that wanted packages name, as in `libc6:i386`.
fn foreign_archs<'a>(distro: &'a dyn Distro, native: &str, packages: &[String]) -> Vec<&'a str> {
    let is_named = |arch: &&str| {
        packages.iter().any(|package| {
            let qualifier = package.split_once(':').map_or("", |(_, qualifier)| qualifier);
            let named = qualifier.split(['=', '/']).next().unwrap_or_default();
            named.trim_end_matches(['+', '-']) == *arch
        })
    };
    let known = Arch::ALL.into_iter().filter_map(|arch| distro.arch_name(arch));
    known.filter(|arch| *arch != native).filter(is_named).collect()
}

/// How candidates of a release rank among others, as apt has it.
fn pin(release: &Release) -> i16 {
    match (release.not_automatic, release.automatic_upgrades) {
        (_, true) => Index::PIN_BACKPORTS,
        (true, false) => Index::PIN_EXPERIMENTAL,
        (false, false) => Index::PIN_DEFAULT,
    }
}

/// The indexes to fetch, and for each the position of the source that it belongs to.
fn index_requests(
    archs: &[&str],
    proven: &[Proven],
) -> Result<(Vec<IndexRequest>, Vec<usize>), DecideError> {
    let (mut requests, mut origins) = (Vec::new(), Vec::new());
    for (at, arch) in (0..proven.len()).flat_map(|at| archs.iter().map(move |arch| (at, *arch))) {
        let Proven { source, release, .. } = &proven[at];
        // A flat repository has one index for all architectures.
        if source.is_flat() && arch != archs[0] {
            continue;
        }
        // Long-term support drops architectures from a pocket while the release keeps them.
        if source.pocket.is_some_and(|pocket| pocket != distros::Pocket::Release)
            && !release.has_architecture(arch)
        {
            continue;
        }
        let refuse = |error| DecideError::Release(source.label(), error);
        let found = match source.is_flat() {
            true => vec![release.flat_index().map_err(refuse)?],
            false => {
                let mut found = Vec::new();
                for component in &source.components {
                    found.extend(release.packages_indexes(component, arch).map_err(refuse)?);
                }
                found
            }
        };
        for index in found {
            requests.push(index.request(&source.suite_addresses("")));
            origins.push(at);
        }
    }
    Ok((requests, origins))
}

fn planned_package(
    package: &Package<'_>,
    base: &str,
    requested: bool,
) -> Result<PlannedPackage, DecideError> {
    let field = |name: &'static str| {
        package
            .field(name)
            .and_then(|value| std::str::from_utf8(value).ok())
            .ok_or_else(|| DecideError::Incomplete { package: package.full_name(), field: name })
    };
    let refuse = |field| DecideError::Incomplete { package: package.full_name(), field };
    Ok(PlannedPackage {
        name: package.name().to_owned(),
        version: package.version().to_owned(),
        arch: package.arch().to_owned(),
        url: fetch::join(base, field("Filename")?),
        size: field("Size")?.parse().map_err(|_| refuse("Size"))?,
        sha256: field("SHA256")?.parse().map_err(|_| refuse("SHA256"))?,
        requested,
    })
}

fn planned_repository(proven: &Proven) -> PlannedRepository {
    PlannedRepository {
        url: proven.source.recorded.clone(),
        suite: proven.source.suite.clone(),
        components: proven.source.components.clone(),
        release_sha256: proven.digest,
        signed_by: proven.signed_by.clone(),
    }
}

fn finish(distro: &dyn Distro, facts: &ProfileFacts, links: BTreeMap<String, String>) -> Finish {
    let files = &distro.family_facts().files;
    Finish {
        temporary_in_memory: facts.temporary_in_memory,
        host_clock: facts.host_clock.then(|| ClockFiles {
            configuration: files.chrony_conf.clone(),
            unit: files.chrony_unit.clone(),
        }),
        prune: facts.prune.clone(),
        prune_names: facts.prune_names.clone(),
        links,
    }
}
