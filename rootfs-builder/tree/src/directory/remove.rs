//! Removes a directory with everything in it.

use std::path::Path;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, RenameFlags, ResolveFlags};
use rustix::io::Errno;

use super::root::Root;
use super::xattrs::handle_path;
use crate::error::Error;
use crate::path::GuestPath;

/// Directories nested deeper than this are moved up first: a hostile script can nest them deeper
/// than handles, stack and path names reach.
const DEPTH_MAX: usize = 64;
const NAME_TRIES_MAX: usize = 100_000;

/// Removing waits for the disk more than it computes: with `discard`, once for each file.
const THREADS: usize = 8;

/// Removes a directory of the host with everything in it; it is no error if there is none.
///
/// Links are removed, not followed. A mount point inside is refused.
pub fn remove_all(directory: &Path) -> Result<(), Error> {
    if matches!(rustix::fs::lstat(directory), Err(Errno::NOENT)) {
        return Ok(());
    }
    let root = Root::open_itself(directory)?;
    let failed = |errno| root.error("remove", &GuestPath::root(), errno);
    remove_files_in_parallel(&root);
    loop {
        let mut removal = Removal { root: root.handle.as_fd(), moved: 0 };
        removal.empty(root.handle.as_fd(), 0).map_err(failed)?;
        if removal.moved == 0 {
            break;
        }
    }
    rustix::fs::unlinkat(CWD, directory, AtFlags::REMOVEDIR).map_err(failed)
}

/// Removes what it can of the files, which are most of the work. What it leaves, and why, is found
/// by the careful pass that follows.
fn remove_files_in_parallel(root: &Root) {
    let queue = Mutex::new((vec![GuestPath::root()], 0));
    let changed = Condvar::new();
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some(path) = next_directory(&queue, &changed) {
                    let found = remove_files(root, &path).unwrap_or_default();
                    let mut queue = lock(&queue);
                    queue.0.extend(found);
                    queue.1 -= 1;
                    changed.notify_all();
                }
            });
        }
    });
}

/// Directories that wait, and how many are being worked on: either may bring more.
type Queue = (Vec<GuestPath>, usize);

fn next_directory(queue: &Mutex<Queue>, changed: &Condvar) -> Option<GuestPath> {
    let mut queue = lock(queue);
    loop {
        if let Some(path) = queue.0.pop() {
            queue.1 += 1;
            return Some(path);
        }
        if queue.1 == 0 {
            return None;
        }
        queue = changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
    }
}

fn lock(queue: &Mutex<Queue>) -> MutexGuard<'_, Queue> {
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Removes the files of one directory and returns its subdirectories.
fn remove_files(root: &Root, path: &GuestPath) -> Result<Vec<GuestPath>, Errno> {
    let handle = root.open_listed(path.as_bytes())?;
    let mut directories = Vec::new();
    for entry in Dir::read_from(&handle)? {
        let entry = entry?;
        let name = entry.file_name().to_bytes();
        if entry.file_type() != FileType::Directory {
            // The careful pass will meet it again.
            let _ = rustix::fs::unlinkat(&handle, name, AtFlags::empty());
        } else if name != b"." && name != b".." {
            // Longer paths than the kernel takes are left to the careful pass.
            directories.extend(path.join(name).ok());
        }
    }
    Ok(directories)
}

struct Removal<'a> {
    root: BorrowedFd<'a>,
    /// How many directories were moved up to the root.
    moved: usize,
}

impl Removal<'_> {
    fn empty(&mut self, directory: BorrowedFd<'_>, depth: usize) -> Result<(), Errno> {
        for entry in Dir::read_from(directory)? {
            let entry = entry?;
            let name = entry.file_name().to_bytes();
            if name == b"." || name == b".." {
                continue;
            }
            if entry.file_type() != FileType::Directory {
                match unlink(directory, name, AtFlags::empty()) {
                    Ok(()) | Err(Errno::NOENT) => continue,
                    // Some file systems do not tell types in listings.
                    Err(Errno::ISDIR | Errno::PERM) => {}
                    Err(errno) => return Err(errno),
                }
            }
            if depth == DEPTH_MAX {
                self.move_up(directory, name)?;
                continue;
            }
            let handle = open_entry(directory, name)?;
            self.empty(handle.as_fd(), depth + 1)?;
            unlink(directory, name, AtFlags::REMOVEDIR)?;
        }
        Ok(())
    }

    fn move_up(&mut self, directory: BorrowedFd<'_>, name: &[u8]) -> Result<(), Errno> {
        for _ in 0..NAME_TRIES_MAX {
            self.moved += 1;
            let new_name = format!("deep-{}", self.moved);
            let flags = RenameFlags::NOREPLACE;
            match rustix::fs::renameat_with(directory, name, self.root, new_name, flags) {
                Err(Errno::EXIST) => continue,
                result => return result,
            }
        }
        Err(Errno::EXIST)
    }
}

/// Removes an entry. The owner of a directory may unlock it; anyone else learns of the refusal.
fn unlink(directory: BorrowedFd<'_>, name: &[u8], flags: AtFlags) -> Result<(), Errno> {
    match rustix::fs::unlinkat(directory, name, flags) {
        Err(Errno::ACCESS) => {
            rustix::fs::fchmod(directory, Mode::RWXU)?;
            rustix::fs::unlinkat(directory, name, flags)
        }
        result => result,
    }
}

fn open_entry(directory: BorrowedFd<'_>, name: &[u8]) -> Result<OwnedFd, Errno> {
    let open = |flags| {
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_XDEV;
        let flags = flags | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        rustix::fs::openat2(directory, name, flags, Mode::empty(), resolve)
    };
    match open(OFlags::RDONLY) {
        Err(Errno::ACCESS) => {
            let handle = open(OFlags::PATH)?;
            rustix::fs::chmod(handle_path(&handle), Mode::RWXU)?;
            open(OFlags::RDONLY)
        }
        result => result,
    }
}
