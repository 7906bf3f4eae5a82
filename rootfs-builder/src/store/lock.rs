//! Locks that die with their process, and the working directory of one process.

use std::fs::TryLockError;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime};

use fs_err::File;

const SESSION_LOCK: &str = "lock";
const POLL: Duration = Duration::from_millis(20);

/// The right to make one entry; given back when dropped.
#[derive(Debug)]
pub(crate) struct EntryLock {
    path: PathBuf,
    _file: File,
}

impl EntryLock {
    /// Waits until no other process or thread holds the lock at `path`.
    ///
    /// Gives up with none as soon as `cancelled` says so.
    pub(super) fn acquire(path: PathBuf, cancelled: &dyn Fn() -> bool) -> io::Result<Option<Self>> {
        loop {
            let file = open_lock(&path)?;
            while !try_lock(&file)? {
                if cancelled() {
                    return Ok(None);
                }
                std::thread::sleep(POLL);
            }
            if is_same_file(&file, &path)? {
                return Ok(Some(Self { path, _file: file }));
            }
            // The holder before removed the file while this one waited for it.
        }
    }
}

impl Drop for EntryLock {
    fn drop(&mut self) {
        // A file that stays is only litter: the next process to open the store sweeps it.
        let _ = fs_err::remove_file(&self.path);
    }
}

/// Holds the gate: shared to look at entries, alone to remove them or to begin a session.
#[derive(Debug)]
pub(super) struct Gate {
    _file: File,
}

impl Gate {
    pub(super) fn shared(path: &Path) -> io::Result<Self> {
        let file = open_lock(path)?;
        file.lock_shared()?;
        Ok(Self { _file: file })
    }

    pub(super) fn alone(path: &Path) -> io::Result<Self> {
        let file = open_lock(path)?;
        file.lock()?;
        Ok(Self { _file: file })
    }
}

/// One process's working directory inside the store, removed at its end.
#[derive(Debug)]
pub(super) struct Session {
    directory: PathBuf,
    next: AtomicU64,
    _lock: File,
}

impl Session {
    /// Begins a session below `parent`; the caller holds the gate alone.
    pub(super) fn begin(parent: &Path) -> io::Result<Self> {
        let directory = tempfile::Builder::new().prefix("osb-").tempdir_in(parent)?.keep();
        let lock = open_lock(&directory.join(SESSION_LOCK))?;
        lock.lock()?;
        Ok(Self { directory, next: AtomicU64::new(0), _lock: lock })
    }

    /// A path that nothing else in this store uses.
    pub(super) fn fresh_path(&self) -> PathBuf {
        self.directory.join(self.next.fetch_add(1, Ordering::Relaxed).to_string())
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // What cannot be removed now is removed by the next process that opens the store.
        let _ = fs_err::remove_dir_all(&self.directory);
    }
}

/// The sessions below `parent` whose process is gone, each with its lock now held.
///
/// The caller holds the gate alone, so no session is half begun.
pub(super) fn dead_sessions(parent: &Path) -> io::Result<Vec<(PathBuf, Option<File>)>> {
    let mut dead = Vec::new();
    for entry in fs_err::read_dir(parent)? {
        let directory = entry?.path();
        match File::open(directory.join(SESSION_LOCK)) {
            Ok(lock) if try_lock(&lock)? => dead.push((directory, Some(lock))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => dead.push((directory, None)),
            Ok(_) | Err(_) => {}
        }
    }
    Ok(dead)
}

/// When the oldest session other than `own` began; none if there is no other.
pub(super) fn oldest_session(parent: &Path, own: &Path) -> io::Result<Option<SystemTime>> {
    let mut oldest: Option<SystemTime> = None;
    for entry in fs_err::read_dir(parent)? {
        let directory = entry?.path();
        let Ok(lock) = File::open(directory.join(SESSION_LOCK)) else { continue };
        if directory == own || try_lock(&lock)? {
            continue;
        }
        let began = lock.metadata()?.modified()?;
        oldest = Some(oldest.map_or(began, |known| known.min(began)));
    }
    Ok(oldest)
}

/// Removes lock files that nobody holds.
pub(super) fn sweep_locks(parent: &Path) -> io::Result<()> {
    for entry in fs_err::read_dir(parent)? {
        let path = entry?.path();
        let Ok(file) = File::open(&path) else { continue };
        if try_lock(&file)? && is_same_file(&file, &path)? {
            fs_err::remove_file(&path)?;
        }
    }
    Ok(())
}

fn open_lock(path: &Path) -> io::Result<File> {
    File::options().create(true).truncate(false).read(true).write(true).open(path)
}

fn try_lock(file: &File) -> io::Result<bool> {
    match file.file().try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(source)) => Err(source),
    }
}

fn is_same_file(file: &File, path: &Path) -> io::Result<bool> {
    let held = file.metadata()?;
    match fs_err::metadata(path) {
        Ok(named) => Ok(named.ino() == held.ino() && named.dev() == held.dev()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}
