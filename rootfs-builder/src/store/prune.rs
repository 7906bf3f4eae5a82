//! How much the store holds, and making it smaller.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::lock::{Gate, oldest_session};
use super::{Shelf, Store, StoreError};

/// What pruning leaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// Nothing.
    Nothing,
    /// What was used at this time or later.
    UsedSince(SystemTime),
    /// So many bytes at most: what was used last.
    Bytes(u64),
}

/// What a store holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Info {
    /// The store's directory.
    pub path: PathBuf,
    /// What lies on each shelf.
    pub shelves: Vec<ShelfInfo>,
}

/// What lies on one shelf.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShelfInfo {
    /// Which shelf.
    pub shelf: Shelf,
    /// How many entries.
    pub entries: u64,
    /// How many bytes they have.
    pub bytes: u64,
}

/// What pruning did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pruned {
    /// How many entries were removed.
    pub entries: u64,
    /// How many bytes they had.
    pub bytes: u64,
    /// How many entries stayed only because a running build may be using them.
    pub spared: u64,
}

#[derive(Debug)]
struct Entry {
    path: PathBuf,
    bytes: u64,
    used: SystemTime,
}

impl Store {
    /// Counts what the store holds.
    pub fn info(&self) -> Result<Info, StoreError> {
        let mut shelves = Vec::new();
        for shelf in Shelf::ALL {
            let entries = self.entries(shelf)?;
            let bytes = entries.iter().map(|entry| entry.bytes).sum();
            shelves.push(ShelfInfo { shelf, entries: entries.len() as u64, bytes });
        }
        Ok(Info { path: self.root.clone(), shelves })
    }

    /// Removes entries, those unused for longest first, except what running builds may use.
    pub fn prune(&self, keep: Keep) -> Result<Pruned, StoreError> {
        let mut pruned = Pruned::default();
        let own = self.session.directory();
        let gate = Gate::alone(&self.gate_path()).map_err(|error| self.error(error))?;
        let in_use_since = oldest_session(&self.root.join("tmp"), own);
        let in_use_since = in_use_since.map_err(|error| self.error(error))?;
        let mut aside = Vec::new();
        for entry in self.superfluous(keep)? {
            if in_use_since.is_some_and(|began| entry.used >= began) {
                pruned.spared += 1;
                continue;
            }
            let to = self.session.fresh_path();
            fs_err::rename(&entry.path, &to).map_err(|error| self.error(error))?;
            pruned.entries += 1;
            pruned.bytes += entry.bytes;
            aside.push(to);
        }
        // The slow part needs no lock: nobody knows the new names.
        drop(gate);
        for path in aside {
            remove(&path).map_err(|error| self.error(error))?;
        }
        Ok(pruned)
    }

    fn superfluous(&self, keep: Keep) -> Result<Vec<Entry>, StoreError> {
        let mut entries = Vec::new();
        for shelf in Shelf::ALL {
            entries.extend(self.entries(shelf)?);
        }
        entries.sort_by(|left, right| (left.used, &left.path).cmp(&(right.used, &right.path)));
        let mut total: u64 = entries.iter().map(|entry| entry.bytes).sum();
        entries.retain(|entry| match keep {
            Keep::Nothing => true,
            Keep::UsedSince(time) => entry.used < time,
            Keep::Bytes(limit) => {
                let is_over = total > limit;
                total -= entry.bytes;
                is_over
            }
        });
        Ok(entries)
    }

    fn entries(&self, shelf: Shelf) -> Result<Vec<Entry>, StoreError> {
        list_shelf(&self.root.join(shelf.name())).map_err(|error| self.error(error))
    }
}

fn list_shelf(shelf: &Path) -> io::Result<Vec<Entry>> {
    let mut entries = BTreeMap::new();
    for group in fs_err::read_dir(shelf)? {
        let group = group?.path();
        for entry in fs_err::read_dir(&group)? {
            let path = entry?.path();
            // An entry that another process removes meanwhile is not there.
            if let Ok(entry) = describe(&path) {
                entries.insert(path, entry);
            }
        }
    }
    Ok(entries.into_values().collect())
}

fn describe(path: &Path) -> io::Result<Entry> {
    let mut found = fs_err::symlink_metadata(path)?;
    let mut bytes = found.len();
    if found.is_dir() {
        bytes = 0;
        for file in fs_err::read_dir(path)? {
            let file = file?;
            let metadata = file.metadata()?;
            bytes += metadata.len();
            if file.file_name() == "stamp" {
                found = metadata;
            }
        }
    }
    Ok(Entry { path: path.to_path_buf(), bytes, used: found.modified()? })
}

fn remove(path: &Path) -> io::Result<()> {
    if fs_err::symlink_metadata(path)?.is_dir() {
        fs_err::remove_dir_all(path)
    } else {
        fs_err::remove_file(path)
    }
}
