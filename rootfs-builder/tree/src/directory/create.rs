//! Makes single entries in a directory that may hold anything already.

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{AtFlags, FileType, Gid, Mode, OFlags, Statx, Timespec, Timestamps, Uid, makedev};
use rustix::io::Errno;

use super::root::Root;
use super::status::{Stamp, has_mode, has_owner, status, status_of_entry};
use super::write::{Options, Owners};
use super::xattrs;
use crate::node::{Kind, Meta, Timestamp};
use crate::path::GuestPath;

/// What stands in the way is taken away this often; more means that someone puts it back.
const TRIES_MAX: usize = 10;

/// A step that did not work, and why.
pub(super) type Failure = (&'static str, Errno);

/// Makes single entries; keeps the parent of the last one open, since the next often has the same.
pub(super) struct Creator<'a> {
    root: &'a Root,
    options: Options,
    parent: Option<(Vec<u8>, OwnedFd)>,
}

impl<'a> Creator<'a> {
    pub(super) fn new(root: &'a Root, options: Options) -> Self {
        Self { root, options, parent: None }
    }

    /// Makes a directory that only we may enter until its meta is applied; keeps one that is there.
    pub(super) fn directory(&mut self, path: &GuestPath) -> Result<(), Failure> {
        if path.is_root() {
            return Ok(());
        }
        let parent = self.parent(path)?;
        for _ in 0..TRIES_MAX {
            match rustix::fs::mkdirat(parent, path.name(), Mode::RWXU) {
                Err(Errno::EXIST) => match status_of_entry(parent, path.name()) {
                    Ok(stat) if is_directory(&stat) => return Ok(()),
                    _ => clear(parent, path.name())?,
                },
                result => return result.map_err(|errno| ("make directory", errno)),
            }
        }
        Err(("make directory", Errno::EXIST))
    }

    /// Makes an empty regular file and opens it for writing.
    pub(super) fn file(&mut self, path: &GuestPath, mode: u16) -> Result<OwnedFd, Failure> {
        let parent = self.parent(path)?;
        let flags =
            OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        // Set-id bits come last, after the owner.
        let mode = mode_bits(mode & 0o777);
        replacing(parent, path, "create", || rustix::fs::openat(parent, path.name(), flags, mode))
    }

    /// Makes another name for what stands at `target`.
    pub(super) fn hard_link(
        &mut self,
        path: &GuestPath,
        target: &GuestPath,
    ) -> Result<(), Failure> {
        let failed = |errno| ("open directory of link target", errno);
        let from = self.root.open_parent(target.parent_bytes()).map_err(failed)?;
        let parent = self.parent(path)?;
        replacing(parent, path, "link", || {
            let flags = AtFlags::empty();
            rustix::fs::linkat(&from, target.name(), parent, path.name(), flags)
        })
    }

    /// Makes a symbolic link, device, pipe or socket with all its meta.
    pub(super) fn special(
        &mut self,
        path: &GuestPath,
        meta: &Meta,
        kind: &Kind,
    ) -> Result<Stamp, Failure> {
        let options = self.options;
        let parent = self.parent(path)?;
        let name = path.name();
        if let Kind::Symlink(target) = kind {
            replacing(parent, path, "make symbolic link", || {
                rustix::fs::symlinkat(target.as_ref(), parent, name)
            })?;
        } else {
            let mode = mode_bits(meta.mode & 0o777);
            let (file_type, device) = special_type(kind);
            replacing(parent, path, "make device", || {
                rustix::fs::mknodat(parent, name, file_type, mode, device)
            })?;
        }
        let times = times(meta.mtime);
        let entry = Entry { parent, name };
        entry.apply(meta, options, matches!(kind, Kind::Symlink(_)))?;
        rustix::fs::utimensat(parent, name, &times, AtFlags::SYMLINK_NOFOLLOW)
            .map_err(|errno| ("set time of", errno))?;
        let stat = status_of_entry(parent, name).map_err(|errno| ("read", errno))?;
        Ok(Stamp::of(&stat))
    }

    /// Reads the stamp of what stands at a path.
    pub(super) fn stamp(&mut self, path: &GuestPath) -> Result<Stamp, Failure> {
        let parent = self.parent(path)?;
        let stat = status_of_entry(parent, path.name()).map_err(|errno| ("read", errno))?;
        Ok(Stamp::of(&stat))
    }

    fn parent(&mut self, path: &GuestPath) -> Result<BorrowedFd<'_>, Failure> {
        let wanted = path.parent_bytes();
        let handle = match self.parent.take() {
            Some((current, handle)) if current == wanted => handle,
            _ => self.root.open_parent(wanted).map_err(|errno| ("open directory of", errno))?,
        };
        let (_, handle) = self.parent.insert((wanted.to_vec(), handle));
        Ok(OwnedFd::as_fd(handle))
    }
}

/// Gives an open file or directory its meta, and returns its stamp.
pub(super) fn finish(
    handle: BorrowedFd<'_>,
    meta: &Meta,
    options: Options,
) -> Result<Stamp, Failure> {
    rustix::fs::futimens(handle, &times(meta.mtime)).map_err(|errno| ("set time of", errno))?;
    let failed = |errno| ("read", errno);
    let stat = status(handle).map_err(failed)?;
    let changes_owner = options.owners == Owners::Apply && !has_owner(&stat, meta);
    let changes_mode = !has_mode(&stat, meta);
    if !changes_owner && !changes_mode && meta.xattrs.is_empty() {
        return Ok(Stamp::of(&stat));
    }
    // A change of owner takes away set-id bits and capabilities, so it comes first.
    if changes_owner {
        rustix::fs::fchown(handle, Some(Uid::from_raw(meta.uid)), Some(Gid::from_raw(meta.gid)))
            .map_err(|errno| ("set owner of", errno))?;
    }
    if changes_owner || changes_mode {
        rustix::fs::fchmod(handle, mode_bits(meta.mode)).map_err(|errno| ("set mode of", errno))?;
    }
    xattrs::set(handle, &meta.xattrs).map_err(|errno| ("set attributes of", errno))?;
    status(handle).map(|stat| Stamp::of(&stat)).map_err(failed)
}

/// An entry that cannot be opened without a side effect.
struct Entry<'a> {
    parent: BorrowedFd<'a>,
    name: &'a [u8],
}

impl Entry<'_> {
    fn apply(&self, meta: &Meta, options: Options, is_symlink: bool) -> Result<(), Failure> {
        let stat = status_of_entry(self.parent, self.name).map_err(|errno| ("read", errno))?;
        let changes_owner = options.owners == Owners::Apply && !has_owner(&stat, meta);
        let changes_mode = !is_symlink && !has_mode(&stat, meta);
        if !changes_owner && !changes_mode && meta.xattrs.is_empty() {
            return Ok(());
        }
        let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let handle = rustix::fs::openat(self.parent, self.name, flags, Mode::empty())
            .map_err(|errno| ("open", errno))?;
        if changes_owner {
            let (user, group) = (Uid::from_raw(meta.uid), Gid::from_raw(meta.gid));
            rustix::fs::chownat(&handle, "", Some(user), Some(group), AtFlags::EMPTY_PATH)
                .map_err(|errno| ("set owner of", errno))?;
        }
        if changes_mode || (changes_owner && !is_symlink) {
            rustix::fs::chmod(xattrs::handle_path(&handle), mode_bits(meta.mode))
                .map_err(|errno| ("set mode of", errno))?;
        }
        xattrs::set_unopened(&handle, &meta.xattrs).map_err(|errno| ("set attributes of", errno))
    }
}

/// Sets the time of a directory that got entries.
pub(super) fn set_time(handle: BorrowedFd<'_>, mtime: Timestamp) -> Result<(), Errno> {
    rustix::fs::futimens(handle, &times(mtime))
}

/// Makes an entry, taking away what stands there: never through it.
fn replacing<T>(
    parent: BorrowedFd<'_>,
    path: &GuestPath,
    action: &'static str,
    make: impl Fn() -> Result<T, Errno>,
) -> Result<T, Failure> {
    for _ in 0..TRIES_MAX {
        match make() {
            Err(Errno::EXIST) => clear(parent, path.name())?,
            result => return result.map_err(|errno| (action, errno)),
        }
    }
    Err((action, Errno::EXIST))
}

fn clear(parent: BorrowedFd<'_>, name: &[u8]) -> Result<(), Failure> {
    let result = match rustix::fs::unlinkat(parent, name, AtFlags::empty()) {
        Err(Errno::ISDIR | Errno::PERM) => rustix::fs::unlinkat(parent, name, AtFlags::REMOVEDIR),
        result => result,
    };
    match result {
        Ok(()) | Err(Errno::NOENT) => Ok(()),
        Err(errno) => Err(("replace", errno)),
    }
}

fn is_directory(stat: &Statx) -> bool {
    FileType::from_raw_mode(stat.stx_mode.into()) == FileType::Directory
}

fn special_type(kind: &Kind) -> (FileType, u64) {
    match kind {
        Kind::CharDevice { major, minor } => (FileType::CharacterDevice, makedev(*major, *minor)),
        Kind::BlockDevice { major, minor } => (FileType::BlockDevice, makedev(*major, *minor)),
        Kind::Fifo => (FileType::Fifo, 0),
        Kind::Socket => (FileType::Socket, 0),
        Kind::Symlink(_) => (FileType::Symlink, 0),
        Kind::Directory => (FileType::Directory, 0),
        Kind::File(_) | Kind::HardLink(_) => (FileType::RegularFile, 0),
    }
}

fn mode_bits(mode: u16) -> Mode {
    Mode::from_raw_mode(u32::from(mode & 0o7777))
}

fn times(mtime: Timestamp) -> Timestamps {
    let time = Timespec { tv_sec: mtime.seconds, tv_nsec: mtime.nanoseconds.into() };
    Timestamps { last_access: time, last_modification: time }
}
