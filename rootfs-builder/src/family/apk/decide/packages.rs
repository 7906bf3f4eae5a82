//! Fetches the chosen packages, proves that they are those of the index, and says what they are.

use std::path::Path;

use super::DecideError;
use super::indexes::Proven;
use crate::decide::Access;
use crate::family::apk::archive::{self, ArchiveError};
use crate::family::apk::checksum::Checksum;
use crate::family::apk::index::{Package, Universe};
use crate::family::apk::select::Selection;
use crate::family::apk::signature::{Keys, SignatureError};
use crate::fetch::{self, UnpinnedRequest};
use crate::plan::PlannedPackage;

/// Why a downloaded package is not the one of the index.
#[derive(Debug, thiserror::Error)]
pub enum PackageProblem {
    /// It is no sound package at all.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// It is a sound package, and another one.
    #[error("the package's checksum is {actual}, the index says {expected}")]
    Checksum {
        /// What the index says.
        expected: Checksum,
        /// What came.
        actual: Checksum,
    },
    /// A key that is trusted did not sign it, though it is named.
    #[error(transparent)]
    Signature(#[from] SignatureError),
}

/// Brings every chosen package into the store, and records it with the digest that it has.
pub(super) fn pin(
    universe: &Universe,
    selection: &Selection,
    proven: &[Proven],
    arch: &str,
    access: Access<'_>,
) -> Result<Vec<PlannedPackage>, DecideError> {
    let packages: Vec<Package<'_>> =
        selection.packages.iter().map(|chosen| universe.package(chosen.id)).collect();
    let requests: Vec<UnpinnedRequest<'_>> =
        packages.iter().map(|package| request(package, &proven[package.index()], arch)).collect();
    let ids = access.fetcher.fetch_unpinned(access.store, &requests, access.progress, |_, _| {
        Ok::<(), DecideError>(())
    })?;
    let planned =
        packages.iter().zip(&selection.packages).zip(ids).map(|((package, chosen), id)| {
            let Proven { source, recorded, .. } = &proven[package.index()];
            PlannedPackage {
                name: package.name().to_owned(),
                version: package.version().to_owned(),
                arch: package.arch().to_owned(),
                url: fetch::join(recorded, &source.path(arch, &package.file_name())),
                size: id.size,
                sha256: id.sha256,
                requested: chosen.is_requested,
            }
        });
    Ok(planned.collect())
}

fn request<'a>(package: &Package<'_>, proven: &'a Proven, arch: &str) -> UnpinnedRequest<'a> {
    let expected = package.checksum();
    let keys = proven.source.keys.as_ref();
    UnpinnedRequest {
        name: format!("{} {}", package.name(), package.version()),
        candidates: proven.source.addresses(arch, &package.file_name()),
        size: package.size(),
        proof: expected.to_string(),
        check: Box::new(move |path: &Path| {
            check(path, expected, keys).map_err(|problem| problem_text(&problem))
        }),
    }
}

/// The index vouches for a package whose own key is unknown, as it does for apk.
fn check(path: &Path, expected: Checksum, keys: Option<&Keys>) -> Result<(), PackageProblem> {
    let inspected = archive::inspect(path)?;
    if !inspected.is_of(&expected) {
        return Err(PackageProblem::Checksum { expected, actual: inspected.control });
    }
    match keys.map(|keys| inspected.verify(keys)) {
        Some(Err(wrong @ (SignatureError::Wrong { .. } | SignatureError::Collision))) => {
            Err(wrong.into())
        }
        _ => Ok(()),
    }
}

fn problem_text(problem: &PackageProblem) -> String {
    let mut text = problem.to_string();
    let mut cause = std::error::Error::source(problem);
    while let Some(inner) = cause {
        text.push_str(&format!(": {inner}"));
        cause = inner.source();
    }
    text
}
