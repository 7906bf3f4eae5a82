//! The handle of a directory that everything in it is reached through.

use std::io;
use std::path::{Path, PathBuf};

use rustix::fd::OwnedFd;
use rustix::fs::{CWD, Mode, OFlags, ResolveFlags};
use rustix::io::Errno;

use crate::error::Error;
use crate::path::GuestPath;

/// The kernel gives up when something is renamed while it resolves a path; a hostile process must
/// not be able to keep us here.
const TRIES_MAX: usize = 1000;

/// The handle of a directory that everything in it is reached through.
#[derive(Debug)]
pub(super) struct Root {
    pub(super) handle: OwnedFd,
    path: PathBuf,
}

impl Root {
    /// Opens a directory of the host.
    pub(super) fn open(path: &Path) -> Result<Self, Error> {
        Self::open_with(path, OFlags::empty())
    }

    /// Opens a directory of the host unless a symbolic link stands there.
    pub(super) fn open_itself(path: &Path) -> Result<Self, Error> {
        Self::open_with(path, OFlags::NOFOLLOW)
    }

    fn open_with(path: &Path, flags: OFlags) -> Result<Self, Error> {
        let flags = flags | OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
        match rustix::fs::openat(CWD, path, flags, Mode::empty()) {
            Ok(handle) => Ok(Self { handle, path: path.to_path_buf() }),
            Err(errno) => Err(Error::Directory {
                directory: path.to_path_buf(),
                action: "open",
                path: GuestPath::root(),
                source: errno.into(),
            }),
        }
    }

    /// The directory's path on the host.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Opens the directory at `path` to make entries in it. Symbolic links are followed as a
    /// process whose root is this directory would follow them.
    pub(super) fn open_parent(&self, path: &[u8]) -> Result<OwnedFd, Errno> {
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS | ResolveFlags::NO_XDEV;
        self.open_at(path, OFlags::PATH | OFlags::DIRECTORY, resolve)
    }

    /// Opens the directory at `path` to change itself: it must be no symbolic link.
    pub(super) fn open_directory(&self, path: &[u8]) -> Result<OwnedFd, Errno> {
        let resolve = ResolveFlags::IN_ROOT | ResolveFlags::NO_MAGICLINKS | ResolveFlags::NO_XDEV;
        self.open_at(path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW, resolve)
    }

    /// Opens the directory at `path` to list it: no component may be a symbolic link.
    pub(super) fn open_listed(&self, path: &[u8]) -> Result<OwnedFd, Errno> {
        let resolve = ResolveFlags::BENEATH
            | ResolveFlags::NO_SYMLINKS
            | ResolveFlags::NO_MAGICLINKS
            | ResolveFlags::NO_XDEV;
        self.open_at(path, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW, resolve)
    }

    /// Makes an error of what went wrong with a path of this directory.
    pub(super) fn error(
        &self,
        action: &'static str,
        path: &GuestPath,
        source: impl Into<io::Error>,
    ) -> Error {
        let directory = self.path.clone();
        let source = source.into();
        // Resolution never crosses into another mount; the kernel then says EXDEV.
        if source.raw_os_error() == Some(Errno::XDEV.raw_os_error()) {
            return Error::MountPoint { directory, path: path.clone() };
        }
        Error::Directory { directory, action, path: path.clone(), source }
    }

    fn open_at(&self, path: &[u8], flags: OFlags, resolve: ResolveFlags) -> Result<OwnedFd, Errno> {
        let path = if path.is_empty() { b"." } else { path };
        for _ in 0..TRIES_MAX {
            let flags = flags | OFlags::CLOEXEC;
            match rustix::fs::openat2(&self.handle, path, flags, Mode::empty(), resolve) {
                Err(Errno::AGAIN | Errno::INTR) => continue,
                result => return result,
            }
        }
        Err(Errno::AGAIN)
    }
}
