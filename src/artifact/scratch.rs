//! A directory for what is only needed for a while, which leaves nothing behind.

use std::cell::OnceCell;
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, Mode, OFlags, flock};

const PREFIX: &str = ".osb-inspect-";

/// How often another process may be in the way.
const ATTEMPTS_MAX: usize = 10;

/// A directory for plain forms, made when it is first needed.
#[derive(Debug, Default)]
pub(super) struct Scratch(OnceCell<Temporary>);

impl Scratch {
    /// A path in the directory.
    pub(super) fn path(&self, name: &str) -> io::Result<PathBuf> {
        if self.0.get().is_none() {
            let made = Temporary::create(&std::env::temp_dir())?;
            drop(self.0.set(made));
        }
        let made = self.0.get().ok_or(io::ErrorKind::NotFound)?;
        Ok(made.path().join(name))
    }
}

/// A directory that is removed with all that is in it when this is dropped.
///
/// Of a process that was killed it stays: it is then not locked any more, and the next process
/// that makes such a directory beside it removes it.
#[derive(Debug)]
pub struct Temporary {
    path: PathBuf,
    _lock: File,
}

impl Temporary {
    /// Makes an empty directory that only this user may enter.
    pub fn create(parent: &Path) -> io::Result<Self> {
        remove_left(parent);
        let mut attempts = 1;
        loop {
            let directory = tempfile::Builder::new().prefix(PREFIX).tempdir_in(parent)?;
            // Another process may take it for a left one before it is locked.
            match locked(directory.path()) {
                Ok(lock) => return Ok(Self { path: directory.keep(), _lock: lock }),
                Err(error) if attempts == ATTEMPTS_MAX => return Err(error),
                Err(_) => attempts += 1,
            }
        }
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        // It may have got another name; what cannot be removed now, the next process removes.
        let _ = tree::directory::remove_all(&self.path);
    }
}

/// Removes what processes of this user left that are gone.
fn remove_left(parent: &Path) {
    let user = rustix::process::geteuid().as_raw();
    for entry in fs_err::read_dir(parent).into_iter().flatten().flatten() {
        if !entry.file_name().as_encoded_bytes().starts_with(PREFIX.as_bytes()) {
            continue;
        }
        let path = entry.path();
        let is_ours = fs_err::symlink_metadata(&path).is_ok_and(|found| found.uid() == user);
        if is_ours && locked(&path).is_ok() {
            // What cannot be removed now, the next one removes.
            let _ = tree::directory::remove_all(&path);
        }
    }
}

/// Locks a directory that stands at this path.
fn locked(path: &Path) -> io::Result<File> {
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let file = File::from(rustix::fs::open(path, flags, Mode::empty())?);
    flock(&file, FlockOperation::NonBlockingLockExclusive)?;
    let (named, opened) = (fs_err::symlink_metadata(path)?, file.metadata()?);
    let is_same = (named.dev(), named.ino()) == (opened.dev(), opened.ino());
    if is_same { Ok(file) } else { Err(io::ErrorKind::NotFound.into()) }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_process_left_is_removed_and_what_is_in_use_is_not() {
        let parent = tempfile::tempdir().unwrap();
        let left = parent.path().join(".osb-inspect-left");
        fs_err::create_dir(&left).unwrap();
        fs_err::write(left.join("file"), "").unwrap();
        let first = Temporary::create(parent.path()).unwrap();
        assert!(!left.exists());
        let second = Temporary::create(parent.path()).unwrap();
        assert!(first.path().exists() && second.path().exists());
        drop((first, second));
        assert_eq!(fs_err::read_dir(parent.path()).unwrap().count(), 0);
    }
}
