//! Verified downloads and what was derived from them, shared by every build of one user.
//!
//! Entries appear by rename and are named by digest, so a reader sees all of one or none of it.
//! Each process works in a directory of its own below `tmp/`, locked as long as it lives.

mod derived;
mod error;
mod lock;
mod prune;
mod record;
#[cfg(test)]
mod tests;
mod write;

use std::io;
use std::path::{Path, PathBuf};

use crate::digest::Digest;

pub use error::StoreError;
pub(crate) use lock::EntryLock;
use lock::{Gate, Session};
pub use prune::{Info, Keep, Pruned, ShelfInfo};
pub(crate) use write::Incoming;

/// What bytes are: how many, and their digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct BlobId {
    /// How many bytes.
    pub size: u64,
    /// Their digest.
    pub sha256: Digest,
}

/// A kind of thing that the store keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Shelf {
    /// Verified downloads.
    Blobs,
    /// Decompressed package indexes.
    Indexes,
    /// Packages, opened: decompressed members.
    Opened,
    /// Release files with what a server needs to say that they are unchanged.
    Documents,
    /// Plans made from exact inputs.
    Plans,
    /// What was written where by an earlier build.
    Outputs,
    /// Configured trees.
    Trees,
    /// Which blob it was that an index's proof was of.
    Proofs,
    /// What machines boot: kernels, and the initrds that lead to a root.
    Kernels,
}

impl Shelf {
    /// Every shelf.
    pub const ALL: [Self; 9] = [
        Self::Blobs,
        Self::Indexes,
        Self::Opened,
        Self::Documents,
        Self::Plans,
        Self::Outputs,
        Self::Trees,
        Self::Proofs,
        Self::Kernels,
    ];

    /// The shelf's name: also that of its directory.
    pub fn name(self) -> &'static str {
        match self {
            Self::Blobs => "blobs",
            Self::Indexes => "indexes",
            Self::Opened => "opened",
            Self::Documents => "documents",
            Self::Plans => "plans",
            Self::Outputs => "outputs",
            Self::Trees => "trees",
            Self::Proofs => "proofs",
            Self::Kernels => "kernels",
        }
    }
}

/// A directory of verified bytes.
#[derive(Debug)]
pub struct Store {
    root: PathBuf,
    session: Session,
}

impl Store {
    /// Opens the store in `root`, making it if need be, and removes what killed processes left.
    pub fn open(root: impl Into<PathBuf>) -> Result<Self, StoreError> {
        let root = root.into();
        let open = |source| match StoreError::io(&root, source) {
            StoreError::Io { directory, source } => StoreError::Open { directory, source },
            other => other,
        };
        let root_made = make_directories(&root).map_err(open)?;
        let (session, dead) = begin_session(&root_made).map_err(open)?;
        for (directory, _lock) in dead {
            // Another process may be removing the same remains.
            let _ = fs_err::remove_dir_all(directory);
        }
        Ok(Self { root: root_made, session })
    }

    /// The directory.
    pub fn path(&self) -> &Path {
        &self.root
    }

    /// Finds bytes that are there in full, and marks them as used now.
    ///
    /// A file of another size was torn by a crash and counts as absent.
    pub fn get(&self, shelf: Shelf, id: BlobId) -> Result<Option<PathBuf>, StoreError> {
        let path = self.entry_path(shelf, id.sha256);
        let _gate = self.gate_shared()?;
        match fs_err::metadata(&path) {
            Ok(found) if found.is_file() && found.len() == id.size => {
                mark_used(&path);
                Ok(Some(path))
            }
            Ok(_) => Ok(None),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(self.error(error)),
        }
    }

    /// Removes one entry, for it turned out to be bad.
    pub(crate) fn discard(&self, shelf: Shelf, digest: Digest) -> Result<(), StoreError> {
        match fs_err::remove_file(self.entry_path(shelf, digest)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(self.error(error)),
            Ok(()) | Err(_) => Ok(()),
        }
    }

    /// Waits for the right to make an entry; none once `cancelled` says so.
    pub(crate) fn lock_entry(
        &self,
        shelf: Shelf,
        digest: Digest,
        cancelled: &dyn Fn() -> bool,
    ) -> Result<EntryLock, StoreError> {
        let path = self.root.join("locks").join(format!("{}-{digest}", shelf.name()));
        EntryLock::acquire(path, cancelled)
            .map_err(|error| self.error(error))?
            .ok_or(StoreError::Cancelled)
    }

    fn entry_path(&self, shelf: Shelf, digest: Digest) -> PathBuf {
        let name = digest.to_string();
        self.root.join(shelf.name()).join(&name[..2]).join(name)
    }

    /// Moves a finished file or directory of this session into place.
    fn place(&self, from: &Path, to: &Path) -> Result<(), StoreError> {
        let moved = fs_err::rename(from, to).or_else(|error| {
            let Some(parent) = to.parent().filter(|_| error.kind() == io::ErrorKind::NotFound)
            else {
                return Err(error);
            };
            fs_err::create_dir_all(parent)?;
            fs_err::rename(from, to)
        });
        moved.map_err(|error| self.error(error))
    }

    fn gate_path(&self) -> PathBuf {
        self.root.join("gate")
    }

    fn gate_shared(&self) -> Result<Gate, StoreError> {
        Gate::shared(&self.gate_path()).map_err(|error| self.error(error))
    }

    pub(crate) fn error(&self, source: io::Error) -> StoreError {
        StoreError::io(&self.root, source)
    }
}

/// Makes the directories of a store and returns its absolute path.
fn make_directories(root: &Path) -> io::Result<PathBuf> {
    for name in Shelf::ALL.map(Shelf::name).into_iter().chain(["tmp", "locks"]) {
        fs_err::create_dir_all(root.join(name))?;
    }
    let tag = root.join("CACHEDIR.TAG");
    if !tag.exists() {
        // Backup programs leave directories with this first line alone: bford.info/cachedir.
        fs_err::write(tag, "Signature: 8a477f597d28d172789f06886806bc55\n# The store of osb.\n")?;
    }
    fs_err::canonicalize(root)
}

type Dead = Vec<(PathBuf, Option<fs_err::File>)>;

fn begin_session(root: &Path) -> io::Result<(Session, Dead)> {
    let sessions = root.join("tmp");
    let _gate = Gate::alone(&root.join("gate"))?;
    let dead = lock::dead_sessions(&sessions)?;
    lock::sweep_locks(&root.join("locks"))?;
    Ok((Session::begin(&sessions)?, dead))
}

fn mark_used(path: &Path) {
    use rustix::fs::{AtFlags, CWD, Timespec, Timestamps, UTIME_NOW, UTIME_OMIT, utimensat};
    let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
    let keep = Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT };
    let times = Timestamps { last_access: keep, last_modification: now };
    // Only pruning reads it: an entry whose owner is another user is no reason to stop a build.
    let _ = utimensat(CWD, path, &times, AtFlags::empty());
}
