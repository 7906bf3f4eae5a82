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
    let taken = visit_all(Walk::new, visit, |walk| walk.taken)?.concat();
    Ok(of_listings(taken.iter().map(|(path, listing)| (path, listing)).collect()))
}

/// The fingerprint of a directory in which these directories have these listings.
pub(super) fn of_listings(mut all: Vec<(&GuestPath, &[u8; 32])>) -> [u8; 32] {
    all.sort_unstable();
    let mut hasher = Sha256::new();
    for (path, listing) in all {
        hasher.update((path.as_bytes().len() as u64).to_le_bytes());
        hasher.update(path.as_bytes());
        hasher.update(listing);
    }
    hasher.finalize().into()
}

/// Digests what is in one directory, entry by entry in the order of their names.
pub(super) struct Listing(Sha256);

impl Listing {
    /// An empty one; the topmost directory is no entry of another and counts in its own.
    pub(super) fn new(path: &GuestPath, stat: &Statx) -> Self {
        let mut listing = Self(Sha256::new());
        if path.is_root() {
            listing.add(b"", stat);
        }
        listing
    }

    pub(super) fn add(&mut self, name: &[u8], stat: &Statx) {
        let Stamp { inode, born, changed } = Stamp::of(stat);
        self.0.update((name.len() as u64).to_le_bytes());
        self.0.update(name);
        self.0.update(stat.stx_mode.to_le_bytes());
        for number in [inode, stat.stx_size] {
            self.0.update(number.to_le_bytes());
        }
        for time in [born, changed] {
            self.0.update(time.seconds.to_le_bytes());
            self.0.update(time.nanoseconds.to_le_bytes());
        }
    }

    pub(super) fn finish(self) -> [u8; 32] {
        self.0.finalize().into()
    }
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
        let mut listing = Listing::new(&path, &status(&handle).map_err(failed)?);
        let mut found = Vec::new();
        for entry in self.entries.paths(root, &path, &handle)? {
            let stat = status_of_entry(&handle, entry.name()).map_err(failed)?;
            if stat.stx_attributes.contains(StatxAttributes::MOUNT_ROOT) {
                return Err(root.error("read", &entry, Errno::XDEV));
            }
            listing.add(entry.name(), &stat);
            if FileType::from_raw_mode(stat.stx_mode.into()) == FileType::Directory {
                found.push(entry);
            }
        }
        self.taken.push((path, listing.finish()));
        Ok(found)
    }
}
