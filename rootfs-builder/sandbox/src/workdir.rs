//! Working directories that the next run recognises and removes if this one is killed.
//!
//! Beside each directory lies a file that its maker keeps locked. The kernel drops the lock when
//! the maker dies, however that happens.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use fs_err::File;
use rustix::fs::FlockOperation;

use crate::enter::spawn_on;
use crate::error::Error;
use crate::rung::Rung;

/// The hidden first argument that makes a program remove the directory named next.
pub(crate) const REMOVE_ARGUMENT: &str = "__sandbox-remove";

const LOCK_SUFFIX: &str = ".lock";

/// A working directory, removed when dropped.
#[derive(Debug)]
pub struct WorkDir {
    path: PathBuf,
    /// Locked as long as the directory is in use.
    lock: Option<File>,
}

impl WorkDir {
    /// Makes an empty directory in `parent` whose name begins with `prefix`.
    pub fn create(parent: &Path, prefix: &str) -> Result<Self, Error> {
        let own = std::process::id();
        for number in 0u32.. {
            let path = parent.join(format!("{prefix}-{own}-{number}"));
            let failed = |source| Error::WorkDir { path: path.clone(), source };
            let Some(lock) = take_new_lock(&path).map_err(failed)? else { continue };
            fs_err::create_dir(&path).map_err(failed)?;
            return Ok(WorkDir { path, lock: Some(lock) });
        }
        let source = io::Error::from(io::ErrorKind::AlreadyExists);
        Err(Error::WorkDir { path: parent.to_owned(), source })
    }

    /// Returns where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes it, and tells if that fails.
    pub fn close(mut self) -> Result<(), Error> {
        self.remove()
    }

    /// Removes what killed runs left in `parent` under `prefix`; returns how many.
    ///
    /// Directories in use are left alone.
    pub fn clean_stale(parent: &Path, prefix: &str) -> Result<usize, Error> {
        let failed = |source| Error::WorkDir { path: parent.to_owned(), source };
        let mut count = 0;
        let mut result = Ok(());
        for entry in fs_err::read_dir(parent).map_err(failed)? {
            let Ok(name) = entry.map_err(failed)?.file_name().into_string() else { continue };
            let Some(stem) = name.strip_suffix(LOCK_SUFFIX) else { continue };
            let is_ours = stem.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('-'));
            let lock = is_ours.then(|| take_old_lock(&parent.join(&name))).flatten();
            if lock.is_none() {
                continue;
            }
            let mut stale = WorkDir { path: parent.join(stem), lock };
            // One that cannot be removed must not keep the others.
            match stale.remove() {
                Ok(()) => count += 1,
                Err(error) => result = Err(error),
            }
        }
        result.map(|()| count)
    }

    fn remove(&mut self) -> Result<(), Error> {
        let Some(_lock) = self.lock.take() else { return Ok(()) };
        let failed = |source| Error::WorkDir { path: self.path.clone(), source };
        remove_tree(&self.path).map_err(failed)?;
        // The lock's file goes last: without it nobody would know about the rest.
        fs_err::remove_file(lock_path(&self.path)).map_err(failed)
    }
}

impl Drop for WorkDir {
    fn drop(&mut self) {
        if let Err(error) = self.remove() {
            tracing::warn!(%error, "leftover");
        }
    }
}

fn lock_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(LOCK_SUFFIX);
    name.into()
}

/// Makes and takes a lock; none if the name is in use.
fn take_new_lock(path: &Path) -> io::Result<Option<File>> {
    let lock_path = lock_path(path);
    let file = match fs_err::OpenOptions::new().write(true).create_new(true).open(&lock_path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => return Ok(None),
        other => other?,
    };
    // A cleaner may have come between, and removed the file as a leftover.
    let taken = rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok();
    Ok((taken && is_still_there(&file, &lock_path)).then_some(file))
}

/// Takes the lock of a dead process; none if that process lives, or somebody else cleans.
fn take_old_lock(lock_path: &Path) -> Option<File> {
    let file = fs_err::OpenOptions::new().write(true).open(lock_path).ok()?;
    rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive).ok()?;
    is_still_there(&file, lock_path).then_some(file)
}

fn is_still_there(file: &File, path: &Path) -> bool {
    let there = rustix::fs::lstat(path).map(|found| found.st_ino);
    let ours = rustix::fs::fstat(file).map(|found| found.st_ino);
    matches!((there, ours), (Ok(there), Ok(ours)) if there == ours)
}

/// Removes a directory with files of any owner that this user's ids reach.
fn remove_tree(path: &Path) -> io::Result<()> {
    let error = match fs_err::remove_dir_all(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => error,
        Ok(()) => return Ok(()),
    };
    let is_done = |rung| {
        let mut command = Command::new("/proc/self/exe");
        command.arg(REMOVE_ARGUMENT).arg(path);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        spawn_on(rung, &mut command)
            .is_ok_and(|mut child| child.wait().is_ok_and(|status| status.success()))
    };
    let is_denied = error.kind() == io::ErrorKind::PermissionDenied;
    let is_gone = is_denied && [Rung::SubordinateIds, Rung::SingleId].into_iter().any(is_done);
    if is_gone { Ok(()) } else { Err(error) }
}

/// Removes the directory named by the second argument, in a process started for that.
pub(crate) fn serve_removal() -> i32 {
    let removed = std::env::args_os().nth(2).map(fs_err::remove_dir_all);
    i32::from(!matches!(removed, Some(Ok(()))))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn parent(name: &str) -> PathBuf {
        let path = std::env::temp_dir().join(format!("workdir-{name}-{}", std::process::id()));
        let _ = std::fs::remove_dir_all(&path);
        std::fs::create_dir(&path).unwrap();
        path
    }

    fn count(parent: &Path) -> usize {
        std::fs::read_dir(parent).unwrap().count()
    }

    #[test]
    fn a_directory_and_its_lock_are_gone_after_use() {
        let parent = parent("use");
        let work = WorkDir::create(&parent, "osb").unwrap();
        std::fs::create_dir_all(work.path().join("a/b")).unwrap();
        assert_eq!(count(&parent), 2);
        work.close().unwrap();
        assert_eq!(count(&parent), 0);
        std::fs::remove_dir(parent).unwrap();
    }

    #[test]
    fn a_directory_in_use_is_not_cleaned_and_a_dead_one_is() {
        let parent = parent("stale");
        let living = WorkDir::create(&parent, "osb").unwrap();
        std::fs::create_dir_all(parent.join("osb-0-0/deep")).unwrap();
        std::fs::write(parent.join("osb-0-0.lock"), "").unwrap();
        std::fs::write(parent.join("osbx-0-0.lock"), "").unwrap();
        std::fs::create_dir(parent.join("somebody-elses")).unwrap();
        assert_eq!(WorkDir::clean_stale(&parent, "osb").unwrap(), 1);
        assert!(living.path().is_dir());
        assert!(!parent.join("osb-0-0").exists());
        assert!(parent.join("somebody-elses").is_dir());
        drop(living);
        assert_eq!(count(&parent), 2);
        std::fs::remove_dir_all(parent).unwrap();
    }

    #[test]
    fn a_link_is_removed_and_not_followed() {
        let parent = parent("link");
        std::fs::write(parent.join("precious"), "x").unwrap();
        let work = WorkDir::create(&parent, "osb").unwrap();
        std::os::unix::fs::symlink(&parent, work.path().join("out")).unwrap();
        drop(work);
        assert_eq!(std::fs::read_to_string(parent.join("precious")).unwrap(), "x");
        std::fs::remove_dir_all(parent).unwrap();
    }
}
