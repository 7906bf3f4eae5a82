//! The summary that a build leaves in the guest.

use std::path::Path;
use std::process::ExitCode;

use tree::{GuestPath, Kind, Tree};

use crate::artifact::{Artifact, ArtifactError};
use crate::report;

/// Where Kata's tools look for it, too.
const PLACE: &str = "var/lib/osbuilder/osbuilder.yaml";
/// A thousand times what it has.
const BYTES_MAX: u64 = 1 << 20;

/// Prints the summary.
pub(super) fn show(artifact: &Artifact, tree: &Tree) -> anyhow::Result<ExitCode> {
    let place = tree.resolve(&GuestPath::new(PLACE)?);
    let node = place.ok().and_then(|place| tree.inode(&place));
    let Some(Kind::File(content)) = node.map(|node| &node.kind) else {
        let (path, place) = (artifact.path().to_owned(), Path::new("/").join(PLACE));
        return Err(ArtifactError::NoSummary { path, place }.into());
    };
    report::bytes(&content.read(BYTES_MAX).map_err(|error| artifact.damaged(error))?)?;
    Ok(ExitCode::SUCCESS)
}
