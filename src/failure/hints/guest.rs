//! Failures while packages become a tree.

use std::error::Error;

use rootfs_builder::family::ScriptError;
use rootfs_builder::family::deb::{ArchiveError, PackageError, UnpackError};

use super::{Diagnosis, Kind, as_a};

/// Knows the errors of packages, of their scripts, and of the sandbox that they run in.
pub fn diagnose(layer: &(dyn Error + 'static)) -> Option<Diagnosis> {
    if let Some(error) = as_a::<ArchiveError>(layer) {
        return of_archive(error);
    }
    if as_a::<PackageError>(layer).is_some() || as_a::<UnpackError>(layer).is_some() {
        return Some((Kind::Source, Vec::new()));
    }
    if let Some(error) = as_a::<ScriptError>(layer) {
        return Some((Kind::Tool, of_script(error)));
    }
    if let Some(error) = as_a::<sandbox::Error>(layer) {
        return Some((Kind::Tool, of_sandbox(error)));
    }
    as_a::<tree::Error>(layer).and_then(of_tree)
}

fn of_archive(error: &ArchiveError) -> Option<Diagnosis> {
    match error {
        ArchiveError::Store(error) => super::fetch::diagnose(error),
        ArchiveError::Read(_) => None,
        ArchiveError::Malformed { .. }
        | ArchiveError::Compression { .. }
        | ArchiveError::Decompress { .. }
        | ArchiveError::Absent(_)
        | ArchiveError::Rotten { .. } => Some((Kind::Source, Vec::new())),
    }
}

fn of_script(error: &ScriptError) -> Vec<String> {
    match error {
        ScriptError::Failed { call, .. } => vec![format!("the call was: {call}")],
        ScriptError::Sandbox { .. } | ScriptError::Directory(_) => Vec::new(),
    }
}

fn of_sandbox(error: &sandbox::Error) -> Vec<String> {
    match error {
        sandbox::Error::Unavailable { fix, .. } | sandbox::Error::Emulation { fix, .. } => {
            let fix = fix.iter().map(|fix| format!("run: {fix}"));
            fix.chain(["`osb doctor` lists what this machine can do".to_owned()]).collect()
        }
        sandbox::Error::NeedsMoreIds { .. } => {
            vec!["give this user subordinate ids; `osb doctor` says how".to_owned()]
        }
        _ => Vec::new(),
    }
}

/// A tree that cannot be written is the machine's fault, an archive that is refused its maker's.
fn of_tree(error: &tree::Error) -> Option<Diagnosis> {
    match error {
        tree::Error::Path(_)
        | tree::Error::TarMember { .. }
        | tree::Error::NotDirectory { .. }
        | tree::Error::DirectoryInTheWay { .. }
        | tree::Error::LinkTargetMissing { .. }
        | tree::Error::LinkTargetDirectory { .. }
        | tree::Error::TooManySymlinks { .. } => Some((Kind::Source, Vec::new())),
        _ => None,
    }
}
