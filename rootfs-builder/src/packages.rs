//! Brings a plan's packages into the store, opened.

use crate::decide::Access;
use crate::family::opened::{Limits, OpenError, OpenedPackage, open_package};
use crate::fetch::{FetchError, Request};
use crate::mirrors::Mirrors;
use crate::plan::{Plan, PlannedPackage};
use crate::progress::Event;
use crate::store::{BlobId, Shelf, StoreError};

/// Why a plan's packages could not be had.
#[derive(Debug, thiserror::Error)]
pub enum PackagesError {
    /// A package could not be fetched.
    #[error("fetch packages")]
    Fetch(#[from] FetchError),
    /// A package could not be opened.
    #[error("open {0}")]
    Open(String, #[source] OpenError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Fetches every package of a plan and opens it while the others are still on their way.
///
/// Having the result proves that all packages are in the store and are what the plan says.
pub fn fetch_packages(
    plan: &Plan,
    mirrors: &Mirrors,
    access: Access<'_>,
) -> Result<Vec<OpenedPackage>, PackagesError> {
    access.progress.report(Event::StageBegun { stage: "fetch" });
    let requests: Vec<Request> =
        plan.packages.iter().map(|package| request(plan, package, mirrors)).collect();
    let open = |at: usize, _: &std::path::Path| {
        let package = &plan.packages[at];
        let opened = open_package(plan.family, access.store, id(package), Limits::default())
            .map_err(|error| PackagesError::Open(package.name.clone(), error))?;
        Ok::<OpenedPackage, PackagesError>(opened)
    };
    let opened = access.fetcher.fetch_all(access.store, &requests, access.progress, open)?;
    access.progress.report(Event::StageEnded { stage: "fetch" });
    Ok(opened)
}

fn request(plan: &Plan, package: &PlannedPackage, mirrors: &Mirrors) -> Request {
    let main = plan.repositories.first().map_or("", |repository| repository.url.as_str());
    // The longest address: an archive may lie below another.
    let official = plan
        .repositories
        .iter()
        .map(|repository| repository.url.as_str())
        .filter(|url| package.url.starts_with(url))
        .max_by_key(|url| url.len());
    let candidates = match official {
        Some(official) => mirrors.addresses(&package.url, official, main),
        None => vec![package.url.clone()],
    };
    Request {
        name: format!("{} {}", package.name, package.version),
        candidates,
        id: id(package),
        shelf: Shelf::Blobs,
    }
}

fn id(package: &PlannedPackage) -> BlobId {
    BlobId { size: package.size, sha256: package.sha256 }
}
