//! Tells whether a directory is still what it was, without reading a file.

use std::path::Path;
use std::thread;

use rustix::fs::{FileType, Statx, StatxAttributes};
use rustix::io::Errno;
use sha2::{Digest as _, Sha256};

use super::entries::Entries;
use super::pending::{Pending, threads};
use super::root::Root;
use super::status::{Stamp, status, status_of_entry};
use crate::error::Error;
use crate::path::GuestPath;

/// Digests names, numbers, kinds and times of change of everything in a directory.
///
/// Two equal results mean that nothing was changed in between, provided that nothing was being
/// changed while the first was taken. The result says nothing about another directory, not even
/// about a copy. A directory that this user may not list counts by its own times alone.
pub fn fingerprint(directory: &Path) -> Result<[u8; 32], Error> {
    let root = Root::open(directory)?;
    let pending = Pending::new(GuestPath::root());
    let mut all: Vec<(GuestPath, [u8; 32])> = thread::scope(|scope| {
        let walks: Vec<_> = (0..threads()).map(|_| scope.spawn(|| walk(&root, &pending))).collect();
        let join = |walk: thread::ScopedJoinHandle<'_, _>| {
            walk.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        walks.into_iter().map(join).collect::<Result<Vec<_>, _>>()
    })?
    .concat();
    all.sort_unstable();
    let mut hasher = Sha256::new();
    for (path, entries) in all {
        hasher.update((path.as_bytes().len() as u64).to_le_bytes());
        hasher.update(path.as_bytes());
        hasher.update(entries);
    }
    Ok(hasher.finalize().into())
}

/// The digests of the directories that one thread has taken.
fn walk(root: &Root, pending: &Pending) -> Result<Vec<(GuestPath, [u8; 32])>, Error> {
    let mut entries = Entries::new();
    let mut taken = Vec::new();
    while let Some(path) = pending.take() {
        match of_directory(root, &path, &mut entries) {
            Ok((digest, found)) => {
                pending.done(found);
                taken.push((path, digest));
            }
            Err(error) => {
                pending.give_up();
                return Err(error);
            }
        }
    }
    Ok(taken)
}

/// The digest of what is in one directory, and the directories in it.
fn of_directory(
    root: &Root,
    path: &GuestPath,
    entries: &mut Entries,
) -> Result<([u8; 32], Vec<GuestPath>), Error> {
    let failed = |errno: Errno| root.error("list", path, errno);
    let mut hasher = Sha256::new();
    let mut found = Vec::new();
    let handle = match root.open_listed(path.as_bytes()) {
        Err(Errno::ACCESS) if !path.is_root() => return Ok((hasher.finalize().into(), found)),
        opened => opened.map_err(failed)?,
    };
    if path.is_root() {
        add(&mut hasher, b"", &status(&handle).map_err(failed)?);
    }
    let mut names = entries.names(&handle).map_err(failed)?;
    names.sort_unstable();
    for name in names {
        let stat = status_of_entry(&handle, &name).map_err(failed)?;
        if stat.stx_attributes.contains(StatxAttributes::MOUNT_ROOT) {
            return Err(root.error("read", &path.join(&name)?, Errno::XDEV));
        }
        add(&mut hasher, &name, &stat);
        if FileType::from_raw_mode(stat.stx_mode.into()) == FileType::Directory {
            found.push(path.join(&name)?);
        }
    }
    Ok((hasher.finalize().into(), found))
}

fn add(hasher: &mut Sha256, name: &[u8], stat: &Statx) {
    let Stamp { inode, born, changed } = Stamp::of(stat);
    hasher.update((name.len() as u64).to_le_bytes());
    hasher.update(name);
    hasher.update(stat.stx_mode.to_le_bytes());
    for number in [inode, stat.stx_size] {
        hasher.update(number.to_le_bytes());
    }
    for time in [born, changed] {
        hasher.update(time.seconds.to_le_bytes());
        hasher.update(time.nanoseconds.to_le_bytes());
    }
}
