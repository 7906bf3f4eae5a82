//! Outputs under another name until they are whole.
//!
//! The other name is always the same, so that the next build finds what a killed one left, and it
//! is locked, so that two builds of one output do not mix.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, FlockOperation, OFlags, RenameFlags, flock, renameat_with};
use rustix::io::Errno;

/// The output is locked by another build.
#[derive(Debug, thiserror::Error)]
#[error("another osb is writing {}", .0.display())]
pub struct Busy(PathBuf);

/// A file that is renamed to its name when it is whole, and removed if it never is.
#[derive(Debug)]
pub(super) struct PartialFile {
    path: PathBuf,
    partial: PathBuf,
    file: File,
    kept: bool,
}

impl PartialFile {
    pub(super) fn create(path: &Path) -> anyhow::Result<Self> {
        let partial = partial_name(path);
        loop {
            let mut options = fs_err::OpenOptions::new();
            options.read(true).write(true).create(true);
            fs_err::os::unix::fs::OpenOptionsExt::custom_flags(
                &mut options,
                OFlags::NOFOLLOW.bits().cast_signed(),
            );
            let file = options.open(&partial)?.into_file();
            lock(&file, path)?;
            if is_at(&file, &partial)? {
                // A file that was ever cut to nothing is written out by ext4 when it is closed.
                if file.metadata()?.len() > 0 {
                    file.set_len(0)?;
                }
                return Ok(Self { path: path.to_owned(), partial, file, kept: false });
            }
        }
    }

    /// Where the bytes go.
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    pub(super) fn keep(mut self) -> io::Result<()> {
        fs_err::rename(&self.partial, &self.path)?;
        self.kept = true;
        Ok(())
    }
}

impl Drop for PartialFile {
    fn drop(&mut self) {
        if !self.kept {
            // The build has failed already, and the next one removes what is left.
            let _ = fs_err::remove_file(&self.partial);
        }
    }
}

/// A directory that takes the place of an earlier one when it is whole.
#[derive(Debug)]
pub(super) struct PartialDirectory {
    path: PathBuf,
    partial: PathBuf,
    _locked: File,
}

impl PartialDirectory {
    pub(super) fn create(path: &Path) -> anyhow::Result<Self> {
        let partial = partial_name(path);
        let locked = loop {
            match fs_err::create_dir(&partial) {
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
                    return Err(error.into());
                }
                _ => {}
            }
            let file = fs_err::File::open(&partial)?.into_file();
            lock(&file, path)?;
            if is_at(&file, &partial)? {
                break file;
            }
        };
        for left in fs_err::read_dir(&partial)? {
            tree::directory::remove_all(&left?.path())?;
        }
        let made = Self { path: path.to_owned(), partial, _locked: locked };
        tree::directory::spread(&made.partial)?;
        fs_err::create_dir(made.content())?;
        Ok(made)
    }

    /// The directory to fill.
    pub(super) fn content(&self) -> PathBuf {
        // File systems that spread directories go by their names, and a place that has just been
        // emptied is slow to fill: a name that changes finds another.
        self.partial.join(format!("content-{}", std::process::id()))
    }

    /// Exchanges it with what stood there, which is removed when this is dropped.
    pub(super) fn keep(self) -> io::Result<()> {
        match renameat_with(CWD, self.content(), CWD, &self.path, RenameFlags::EXCHANGE) {
            Ok(()) => Ok(()),
            Err(Errno::NOENT) => fs_err::rename(self.content(), &self.path),
            Err(errno) => Err(errno.into()),
        }
    }
}

impl Drop for PartialDirectory {
    fn drop(&mut self) {
        // What cannot be removed now, the next build removes.
        let _ = tree::directory::remove_all(&self.partial);
    }
}

fn partial_name(path: &Path) -> PathBuf {
    let mut name = OsString::from(".");
    name.push(path.file_name().unwrap_or_default());
    name.push(".partial");
    path.with_file_name(name)
}

fn lock(file: &File, path: &Path) -> anyhow::Result<()> {
    match flock(file, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(()),
        Err(Errno::WOULDBLOCK) => Err(Busy(path.to_owned()).into()),
        Err(errno) => Err(io::Error::from(errno).into()),
    }
}

/// Whether the file that was locked is still the one of that name.
fn is_at(file: &File, path: &Path) -> io::Result<bool> {
    let locked = file.metadata()?;
    match fs_err::symlink_metadata(path) {
        Ok(named) => Ok((named.dev(), named.ino()) == (locked.dev(), locked.ino())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn two_builds_of_one_output_do_not_mix() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("rootfs.tar");
        let first = PartialFile::create(&path).unwrap();
        assert!(PartialFile::create(&path).unwrap_err().is::<Busy>());
        first.keep().unwrap();
        PartialFile::create(&path).unwrap();
        assert!(path.exists());
        assert!(!directory.path().join(".rootfs.tar.partial").exists());
    }

    #[test]
    fn what_a_killed_build_left_is_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("rootfs");
        fs_err::create_dir_all(directory.path().join(".rootfs.partial/content/half")).unwrap();
        let partial = PartialDirectory::create(&path).unwrap();
        fs_err::write(partial.content().join("whole"), "").unwrap();
        partial.keep().unwrap();
        let names = |path: &Path| -> Vec<OsString> {
            fs_err::read_dir(path).unwrap().map(|entry| entry.unwrap().file_name()).collect()
        };
        assert_eq!(names(&path), ["whole"]);
        assert_eq!(names(directory.path()), ["rootfs"]);
    }
}
