//! Runs packages' scripts: in the sandbox as apk runs them, or natively where that is the same.
//!
//! A script is run natively only if every line that would be executed is one whose whole effect on
//! the tree is known. Anything else means that the script is really run.

mod commands;
mod evaluate;
mod shell;
#[cfg(test)]
mod tests;

use tree::{Content, GuestPath, Kind, Meta, Node, Timestamp, Tree};

use super::package::{ApkPackage, ScriptKind};
use crate::family::scripts::ScriptError;
use crate::family::working_copy::{WorkingCopy, WorkingCopyError};

/// Where apk puts a script while it runs, below the directory for libraries.
const PLACE: &str = "apk/exec";

const PATH: &str = "/usr/sbin:/usr/bin:/sbin:/bin";

/// Why a script could not be run to its end.
#[derive(Debug, thiserror::Error)]
pub enum ScriptRunError {
    /// The script failed.
    #[error(transparent)]
    Script(#[from] ScriptError),
    /// The working directory could not be brought up to date.
    #[error(transparent)]
    WorkingCopy(#[from] WorkingCopyError),
    /// The script could not be put into the guest.
    #[error("put the script into the guest")]
    Put(#[source] tree::Error),
}

/// Runs a script natively: the tree that it leaves and the paths that it changed; none where the
/// script must really be run.
pub(crate) fn run_natively(
    tree: &Tree,
    script: &[u8],
    arguments: &[String],
    time: Timestamp,
) -> Option<(Tree, Vec<GuestPath>)> {
    let program = shell::parse(script)?;
    evaluate::evaluate(&program, tree, arguments, time)
}

/// Runs a script in the working copy, which is what `tree` says, and reads back what it left.
///
/// `libraries` is the guest's directory for libraries, below which apk keeps its own files.
pub(crate) fn run(
    working: &mut WorkingCopy<'_>,
    mut tree: Tree,
    libraries: &str,
    (package, kind): (&ApkPackage, ScriptKind),
    arguments: &[String],
) -> Result<Tree, ScriptRunError> {
    let Some(script) = package.scripts.get(&kind) else { return Ok(tree) };
    let directory = format!("{libraries}/{PLACE}");
    let name = format!("{}.{}", package.full_name(), kind.name());
    let path = GuestPath::new(format!("{directory}/{name}"))
        .map_err(|error| ScriptRunError::Put(error.into()))?;
    let node = Node {
        meta: Meta { mode: 0o755, ..Meta::default() },
        kind: Kind::File(Content::from(script.clone())),
    };
    let before = tree.clone();
    let place = tree.insert_resolved(&path, node).map_err(ScriptRunError::Put)?;
    working.write(&tree, std::slice::from_ref(&place))?;
    let program = format!("/{directory}/{name}");
    let call = working.scripts.call(working.root, &program).arguments(arguments);
    working.scripts.run(call.variable("PATH", PATH))?;
    let mut left = working.read_back(&tree)?;
    put_back(&mut left, &before, &place.parent().unwrap_or_default())
        .map_err(ScriptRunError::Put)?;
    Ok(left)
}

/// Makes a directory what it was before: the scripts in it stay on disk, where they harm nobody.
fn put_back(tree: &mut Tree, before: &Tree, directory: &GuestPath) -> Result<(), tree::Error> {
    tree.remove_below(directory);
    let own = before.get(directory).map(|node| (directory, node));
    for (path, node) in own.into_iter().chain(before.below(directory)) {
        tree.insert(path.clone(), node.clone())?;
    }
    Ok(())
}
