//! From what was asked for to a plan, in a distribution of the apk family.

mod indexes;
mod packages;
mod sources;

use crate::decide::{self, Access, Asked};
use crate::fetch::FetchError;
use crate::plan::{Plan, PlanError, PlannedKey, PlannedRepository};
use crate::store::StoreError;

use super::index::{Index, IndexError, OpenIndexError, Universe};
use super::select::{self, Request, SelectError};
use super::signature::KeyError;
use indexes::Proven;
pub use packages::PackageProblem;

/// Why nothing could be decided.
#[derive(Debug, thiserror::Error)]
pub enum DecideError {
    /// The distribution does not have what was asked for.
    #[error(transparent)]
    Distro(#[from] distros::Error),
    /// Keys could not be read.
    #[error("read the keys of {name}")]
    Keys {
        /// Whose keys they are.
        name: String,
        /// Why.
        source: KeyError,
    },
    /// An index could not be fetched.
    #[error("ask {0}")]
    Fetch(String, #[source] FetchError),
    /// An index is not to be believed.
    #[error("verify {0}")]
    Trust(String, #[source] OpenIndexError),
    /// An index is malformed.
    #[error("read package indexes")]
    Index(#[from] IndexError),
    /// No set of packages fits.
    #[error("choose packages")]
    Select(#[from] SelectError),
    /// A chosen package could not be fetched.
    #[error("fetch packages")]
    Packages(#[from] FetchError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The plan could not be written or read.
    #[error(transparent)]
    Plan(#[from] PlanError),
}

/// Decides everything about one root filesystem.
///
/// An index has no digest of a whole package, so that the chosen ones are fetched to learn it.
pub(crate) fn decide(asked: Asked<'_>, access: Access<'_>) -> Result<Plan, DecideError> {
    let sources = sources::sources(asked)?;
    let proven = indexes::prove(sources, asked, access)?;
    let proofs: Vec<_> =
        proven.iter().map(|p| (&p.recorded, &p.source.tag, p.digest, &p.signed_by)).collect();
    let key = asked.question(&format!("{proofs:?}"));
    decide::remembered_or(key, access.store, || choose(asked, proven, access))
}

fn choose(
    asked: Asked<'_>,
    mut proven: Vec<Proven>,
    access: Access<'_>,
) -> Result<Plan, DecideError> {
    let indexes = proven.iter_mut().map(|one| Index {
        label: one.source.label(),
        tag: one.source.tag.clone(),
        bytes: std::mem::take(&mut one.text),
    });
    let universe = Universe::read(asked.arch, indexes.collect())?;
    let wanted = asked.packages()?;
    let selection = select::select(&universe, &Request { packages: wanted.clone() })?;
    let newest = selection.packages.iter().filter_map(|one| universe.package(one.id).build_time());
    let newest = newest.max().and_then(|time| i64::try_from(time).ok()).unwrap_or(0);
    let mut packages = packages::pin(&universe, &selection, &proven, asked.arch, access)?;
    packages.sort_by(|a, b| (&a.name, &a.arch).cmp(&(&b.name, &b.arch)));
    Ok(Plan {
        timestamp: asked.spec.timestamp.unwrap_or(newest),
        wanted,
        keys: keys(&proven),
        repositories: proven.iter().map(planned_repository).collect(),
        packages,
        ..asked.empty_plan()?
    })
}

fn planned_repository(proven: &Proven) -> PlannedRepository {
    PlannedRepository {
        url: proven.recorded.clone(),
        suite: proven.source.suite.clone(),
        components: proven.source.component.iter().cloned().collect(),
        tag: proven.source.tag.clone(),
        release_sha256: proven.digest,
        signed_by: proven.signed_by.clone(),
    }
}

/// The keys that have signed the indexes, each once: the guest must know them, too.
fn keys(proven: &[Proven]) -> Vec<PlannedKey> {
    let mut keys: Vec<PlannedKey> = Vec::new();
    for one in proven {
        let Some(signer) = &one.signed_by else { continue };
        if let Some(key) = one.source.key(signer)
            && !keys.contains(&key)
        {
            keys.push(key);
        }
    }
    keys.sort_by(|a, b| a.name.cmp(&b.name));
    keys
}
