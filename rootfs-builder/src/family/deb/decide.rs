//! From what was asked for to a plan, in a distribution of the deb family.

mod releases;
mod sources;

use distros::{Arch, Distro, Selection as Select};

use super::index::{Index, IndexError, Package, Priority, Universe};
use super::release::{Release, ReleaseError};
use super::select::{self, Request, SelectError, Stage};
use crate::decide::{self, Access, Asked};
use crate::fetch::{self, FetchError, IndexRequest};
use crate::plan::{Plan, PlanError, PlannedPackage, PlannedRepository};
use crate::store::StoreError;
use crate::trust::TrustError;
use releases::Proven;

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
pub(crate) fn decide(asked: Asked<'_>, access: Access<'_>) -> Result<Plan, DecideError> {
    let Asked { distro, release, spec, .. } = asked;
    let sources = sources::sources(distro, release, spec.arch, spec)?;
    let proven = releases::prove(sources, spec, access)?;
    let proofs: Vec<_> = proven
        .iter()
        .map(|p| {
            (&p.source.recorded, &p.source.suite, &p.source.components, p.digest, &p.signed_by)
        })
        .collect();
    let key = asked.question(&format!("{proofs:?}"));
    decide::remembered_or(key, access.store, || choose(asked, &proven, access))
}

fn choose(asked: Asked<'_>, proven: &[Proven], access: Access<'_>) -> Result<Plan, DecideError> {
    let Asked { distro, spec, arch, .. } = asked;
    let facts = asked.facts()?;
    let packages = asked.packages()?;
    let foreign = foreign_archs(distro, arch, &packages);
    let archs: Vec<&str> = [arch].into_iter().chain(foreign.iter().copied()).collect();
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
    let universe = Universe::read(arch, &foreign, indexes)?;
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
        timestamp: spec.timestamp.unwrap_or(newest),
        repositories: proven.iter().map(planned_repository).collect(),
        packages,
        ..asked.empty_plan()?
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
        tag: None,
        release_sha256: proven.digest,
        signed_by: proven.signed_by.clone(),
    }
}
