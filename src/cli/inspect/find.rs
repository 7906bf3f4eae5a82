//! Finds a place inside an artifact.

use std::os::unix::ffi::OsStrExt as _;
use std::path::Path;

use tree::{GuestPath, Tree};

use crate::artifact::Artifact;
use crate::recipe::RecipeError;
use crate::suggestion;

/// The place that a path leads to, through the links in the tree.
pub(super) fn within(tree: &Tree, artifact: &Artifact, inside: &Path) -> anyhow::Result<GuestPath> {
    let asked = GuestPath::new(inside.as_os_str().as_bytes())?;
    let found = tree.resolve(&asked)?;
    if tree.get(&found).is_some() {
        return Ok(found);
    }
    let directory = found.parent().unwrap_or_default();
    let siblings: Vec<String> = tree
        .below(&directory)
        .filter(|(path, _)| path.parent().as_ref() == Some(&directory))
        .map(|(path, _)| String::from_utf8_lossy(path.name()).into_owned())
        .collect();
    let name = String::from_utf8_lossy(found.name());
    let nearest = suggestion::nearest(&name, siblings.iter().map(String::as_str));
    Err(RecipeError::NotInside {
        artifact: artifact.path().to_owned(),
        path: inside.to_owned(),
        nearest: nearest.map(str::to_owned),
    }
    .into())
}
