//! Writes what is inside to a directory.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use rustix::fs::{AtFlags, CWD, FileType, Gid, Mode, Uid, XattrFlags, makedev};
use tree::directory::{Devices, Options, Owners};
use tree::{GuestPath, Kind, Tree};

use super::{list, subtree};
use crate::artifact::{Artifact, ArtifactError, Temporary};
use crate::report;

/// Writes what is at a place to a new or empty directory, which appears when it is whole.
pub(super) fn extract(
    artifact: &Artifact,
    tree: &Tree,
    top: &GuestPath,
    directory: &Path,
) -> anyhow::Result<()> {
    artifact.check_claims(list::entries(tree, top).map(|(_, node)| node))?;
    if !is_free(directory)? {
        return Err(ArtifactError::NotEmpty { directory: directory.to_owned() }.into());
    }
    let mut part = subtree::of(tree, top)?;
    // Beside its place, so that it can be renamed to it.
    let directory = std::path::absolute(directory)?;
    let partial = Temporary::create(directory.parent().unwrap_or(Path::new("/")))?;
    let (options, left_out) = rights(&mut part, partial.path())?;
    tree::directory::write(&part, partial.path(), options).map_err(|error| match error {
        tree::Error::Content { .. } => anyhow::Error::from(artifact.damaged(error)),
        error => error.into(),
    })?;
    fs_err::rename(partial.path(), &directory)?;
    let entries = part.len() - 1;
    let mut text = format!("{}\n  {entries} entries\n", directory.display());
    for (what, count) in left_out {
        text += &format!("  not done, for want of rights: {what} ({count})\n");
    }
    Ok(report::text(&text)?)
}

/// Whether there is nothing, or an empty directory.
fn is_free(directory: &Path) -> io::Result<bool> {
    match fs_err::read_dir(directory) {
        Ok(mut entries) => Ok(entries.next().is_none()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
    }
}

/// What is not done, and to how many entries.
type LeftOut = BTreeMap<&'static str, usize>;

/// Finds out by trying what this user may do in an empty directory, and takes out of the tree what
/// cannot be written otherwise.
fn rights(tree: &mut Tree, directory: &Path) -> anyhow::Result<(Options, LeftOut)> {
    let probe = directory.join("probe");
    fs_err::write(&probe, "")?;
    let mut left_out = LeftOut::new();
    let removed = without_refused_xattrs(tree, &probe);
    if removed > 0 {
        left_out.insert("extended attributes", removed);
    }
    let foreign = foreign_owners(tree);
    let owners = if may_give(&probe, &foreign) { Owners::Apply } else { Owners::Skip };
    if owners == Owners::Skip {
        left_out.insert("owners", foreign.len());
    }
    fs_err::remove_file(&probe)?;
    let is_device =
        |kind: &Kind| matches!(kind, Kind::CharDevice { .. } | Kind::BlockDevice { .. });
    let count = tree.iter().filter(|(_, node)| is_device(&node.kind)).count();
    let may_make = count == 0 || may_make_devices(directory)?;
    if !may_make {
        left_out.insert("devices", count);
    }
    let devices = if may_make { Devices::Make } else { Devices::Skip };
    Ok((Options { owners, devices }, left_out))
}

/// User and group of everything that is not this user's.
fn foreign_owners(tree: &mut Tree) -> Vec<(u32, u32)> {
    let ours = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    let owners = tree.metas_mut().map(|(_, meta)| (meta.uid, meta.gid));
    owners.filter(|owner| *owner != ours).collect()
}

/// Whether a file can be given to all of these; those with the highest numbers tell.
fn may_give(probe: &Path, owners: &[(u32, u32)]) -> bool {
    let highest = owners.iter().copied().reduce(|(a, b), (c, d)| (a.max(c), b.max(d)));
    highest.is_none_or(|(user, group)| {
        let (user, group) = (Uid::from_raw(user), Gid::from_raw(group));
        rustix::fs::chownat(CWD, probe, Some(user), Some(group), AtFlags::empty()).is_ok()
    })
}

fn may_make_devices(directory: &Path) -> io::Result<bool> {
    let probe = directory.join("probe");
    let mode = Mode::from_raw_mode(0o600);
    let kind = FileType::CharacterDevice;
    let made = rustix::fs::mknodat(CWD, &probe, kind, mode, makedev(1, 3)).is_ok();
    if made {
        fs_err::remove_file(&probe)?;
    }
    Ok(made)
}

/// Takes out extended attributes whose names this user cannot set here.
fn without_refused_xattrs(tree: &mut Tree, probe: &Path) -> usize {
    let mut allowed: BTreeMap<Box<[u8]>, bool> = BTreeMap::new();
    let mut removed = 0;
    for (_, meta) in tree.metas_mut() {
        let before = meta.xattrs.len();
        meta.xattrs.retain(|name, value| {
            *allowed.entry(name.clone()).or_insert_with(|| {
                rustix::fs::setxattr(probe, name.as_ref(), value, XattrFlags::empty()).is_ok()
            })
        });
        removed += usize::from(meta.xattrs.len() < before);
    }
    removed
}
