//! Removes what maintainer scripts leave behind and what differs at every run.

use tree::{GuestPath, Kind, Tree};

use super::{ConfigureError, Context, replace_content};

/// Directories that a boot fills anew.
const VOLATILE: [&str; 4] = ["run", "tmp", "var/tmp", "proc"];

/// Below `/run` only this stays: Debian policy lets packages expect `/var/lock` to exist.
const KEPT_IN_RUN: &str = "run/lock";

/// Logs of the build itself: they hold times, and tell of the build, not of the guest.
const BUILD_LOGS: [&str; 7] = [
    "var/log/alternatives.log",
    "var/log/apt/eipp.log.xz",
    "var/log/apt/history.log",
    "var/log/apt/term.log",
    "var/log/bootstrap.log",
    "var/log/dpkg.log",
    "var/log/fontconfig.log",
];

/// Caches that hold inode numbers, times or the order in which files were found.
const CACHES: [&str; 4] = [
    "var/cache/apt/archives/lock",
    "var/cache/apt/pkgcache.bin",
    "var/cache/apt/srcpkgcache.bin",
    "var/cache/ldconfig/aux-cache",
];

/// Copies that tools keep of the state before their last change: they tell the order in which
/// packages were configured, which is no property of the result.
const BACKUPS: [&str; 9] = [
    "etc/group-",
    "etc/gshadow-",
    "etc/passwd-",
    "etc/shadow-",
    "etc/subgid-",
    "etc/subuid-",
    "var/lib/dpkg/diversions-old",
    "var/lib/dpkg/statoverride-old",
    "var/lib/dpkg/status-old",
];

/// Empties the directories whose content does not outlive a boot.
pub(super) fn empty_volatile_directories(
    tree: &mut Tree,
    _: &Context<'_>,
) -> Result<(), ConfigureError> {
    let kept = GuestPath::new(KEPT_IN_RUN)?;
    for directory in VOLATILE {
        let directory = GuestPath::new(directory)?;
        let below: Vec<GuestPath> = tree
            .iter()
            .map(|(path, _)| path)
            .filter(|path| path.is_within(&directory) && **path != directory && **path != kept)
            .cloned()
            .collect();
        below.iter().rev().for_each(|path| {
            tree.remove(path);
        });
    }
    Ok(())
}

/// Removes the build's own logs and empties the others.
pub(super) fn empty_logs(tree: &mut Tree, context: &Context<'_>) -> Result<(), ConfigureError> {
    remove_all(tree, &BUILD_LOGS)?;
    let logs = GuestPath::new("var/log")?;
    let written: Vec<GuestPath> = tree
        .iter()
        .filter(|(path, node)| {
            path.is_within(&logs)
                && matches!(node.kind, Kind::File(_))
                && context.is_of_scripts(node.meta.mtime)
        })
        .map(|(path, _)| path.clone())
        .collect();
    written.iter().for_each(|path| replace_content(tree, path, Vec::new()));
    Ok(())
}

/// Removes caches that no two builds make alike; their owners make them again.
pub(super) fn remove_caches(tree: &mut Tree, _: &Context<'_>) -> Result<(), ConfigureError> {
    remove_all(tree, &CACHES)?;
    remove_named(tree, "var/cache/debconf", |name| name.ends_with(b"-old"))
}

/// Removes the copies that tools keep of an earlier state.
pub(super) fn remove_backups(tree: &mut Tree, _: &Context<'_>) -> Result<(), ConfigureError> {
    remove_all(tree, &BACKUPS)
}

fn remove_all(tree: &mut Tree, paths: &[&str]) -> Result<(), ConfigureError> {
    for path in paths {
        tree.remove(&GuestPath::new(path)?);
    }
    Ok(())
}

fn remove_named(
    tree: &mut Tree,
    directory: &str,
    matches: fn(&[u8]) -> bool,
) -> Result<(), ConfigureError> {
    let directory = GuestPath::new(directory)?;
    let found: Vec<GuestPath> = tree
        .iter()
        .map(|(path, _)| path)
        .filter(|path| path.is_within(&directory) && matches(path.name()))
        .cloned()
        .collect();
    found.iter().for_each(|path| {
        tree.remove(path);
    });
    Ok(())
}
