//! Failures while packages become a tree.

use std::error::Error;

use rootfs_builder::build::BuildError;
use rootfs_builder::family::opened::OpenError;
use rootfs_builder::family::{ScriptError, apk, deb};

use super::{Diagnosis, Kind, as_a};

/// Knows the errors of packages, of their scripts, and of the sandbox that they run in.
pub fn diagnose(layer: &(dyn Error + 'static)) -> Option<Diagnosis> {
    if let Some(error) = as_a::<OpenError>(layer) {
        return of_opening(error);
    }
    if is_of_a_package(layer) {
        return Some((Kind::Source, Vec::new()));
    }
    if let Some(error) = as_a::<ScriptError>(layer) {
        return Some((Kind::Tool, of_script(error)));
    }
    if let Some(apk::ScriptRunError::Script(error)) = as_a(layer) {
        return Some((Kind::Tool, of_script(error)));
    }
    if let Some(error) = as_a::<sandbox::Error>(layer) {
        return Some((Kind::Tool, of_sandbox(error)));
    }
    as_a::<tree::Error>(layer).and_then(of_tree)
}

/// Whether the error says that packages are not as packages are.
fn is_of_a_package(layer: &(dyn Error + 'static)) -> bool {
    as_a::<deb::PackageError>(layer).is_some()
        || as_a::<deb::UnpackError>(layer).is_some()
        || as_a::<apk::PackageError>(layer).is_some()
        || as_a::<apk::UnpackError>(layer).is_some()
        || matches!(
            as_a::<BuildError>(layer),
            Some(BuildError::Apk(apk::BuildError::OtherPackage { .. }))
        )
}

fn of_opening(error: &OpenError) -> Option<Diagnosis> {
    match error {
        OpenError::Deb(deb::ArchiveError::Store(error))
        | OpenError::Apk(apk::ArchiveError::Store(error)) => super::fetch::diagnose(error),
        OpenError::Deb(deb::ArchiveError::Read(_)) | OpenError::Apk(apk::ArchiveError::Read(_)) => {
            None
        }
        OpenError::Deb(_) | OpenError::Apk(_) => Some((Kind::Source, Vec::new())),
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
