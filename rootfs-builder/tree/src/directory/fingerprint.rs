//! Tells whether a directory is still what it was, without reading a file.

use std::path::Path;

use rustix::fs::{FileType, Statx, StatxAttributes};
use rustix::io::Errno;
use sha2::{Digest as _, Sha256};

use super::entries::Entries;
use super::pending::visit_all;
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
    let visit = |walk: &mut Walk, path| walk.directory(&root, path);
    let mut all = visit_all(Walk::new, visit, |walk| walk.taken)?.concat();
    all.sort_unstable();
    let mut hasher = Sha256::new();
    for (path, entries) in all {
        hasher.update((path.as_bytes().len() as u64).to_le_bytes());
        hasher.update(path.as_bytes());
        hasher.update(entries);
    }
    Ok(hasher.finalize().into())
}

/// What one thread does.
struct Walk {
    entries: Entries,
    /// The directories that it has read, with the digest of what is in each.
    taken: Vec<(GuestPath, [u8; 32])>,
}

impl Walk {
    fn new() -> Self {
        Self { entries: Entries::new(), taken: Vec::new() }
    }

    /// Digests what is in one directory; returns the directories there.
    fn directory(&mut self, root: &Root, path: GuestPath) -> Result<Vec<GuestPath>, Error> {
        let failed = |errno: Errno| root.error("list", &path, errno);
        let handle = match root.open_listed(path.as_bytes()) {
            Err(Errno::ACCESS) if !path.is_root() => return Ok(Vec::new()),
            opened => opened.map_err(failed)?,
        };
        let mut hasher = Sha256::new();
        let mut found = Vec::new();
        if path.is_root() {
            add(&mut hasher, b"", &status(&handle).map_err(failed)?);
        }
        let mut names = self.entries.names(&handle).map_err(failed)?;
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
        self.taken.push((path, hasher.finalize().into()));
        Ok(found)
    }
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
