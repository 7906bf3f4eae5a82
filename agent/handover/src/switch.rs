//! Makes the mounted root the root, and frees the memory of the initrd.

use alloc::format;
use core::ffi::CStr;

use rustix::fd::{AsFd, OwnedFd};
use rustix::fs::{AtFlags, Dir, FileType, Mode, OFlags, fstat, open, openat, statfs, unlinkat};
use rustix::io::{Errno, Result};
use rustix::mount::{UnmountFlags, mount_move, unmount};
use rustix::process::{chdir, chroot};

use crate::DIRECTORY;
use crate::failure::Failure;
use crate::root::{ROOT, make_directory};

/// What the kernel shows of itself; it moves along.
const SYSTEM: [&str; 3] = ["/dev", "/proc", "/sys"];
/// The file systems that the kernel unpacks an initrd into.
const RAMFS: u64 = 0x8584_58f6;
const TMPFS: u64 = 0x0102_1994;
/// An initrd that is deeper than this keeps some of its memory.
const DEPTH_MAX: u32 = 32;

/// Moves what is mounted to where it belongs.
pub(crate) fn move_mount(from: &str, to: &str) -> core::result::Result<(), Failure> {
    let failed = |cause| Failure::MountSystem { place: to.into(), cause };
    make_directory(to).map_err(failed)?;
    mount_move(from, to).map_err(failed)
}

/// Leaves what the kernel unpacked as if the boot initrd had never been there.
pub(crate) fn leave_archive(mounts: [&str; 2]) -> core::result::Result<(), Failure> {
    let failed = |cause| Failure::Switch { step: "remove the boot initrd", cause };
    for place in mounts {
        unmount(place, UnmountFlags::DETACH).map_err(failed)?;
    }
    let root = open_directory("/").map_err(failed)?;
    let name = DIRECTORY.trim_start_matches('/');
    let directory = open_directory(DIRECTORY).map_err(failed)?;
    empty(&directory, device_of(&root).map_err(failed)?, 0).map_err(failed)?;
    unlinkat(&root, name, AtFlags::REMOVEDIR).map_err(failed)
}

/// Makes what is mounted at [`ROOT`] the root of this process.
pub(crate) fn switch() -> core::result::Result<(), Failure> {
    for place in SYSTEM {
        // A root without such a directory does without.
        if mount_move(place, format!("{ROOT}{place}")).is_err() {
            let step = "leave what the kernel shows of itself";
            let failed = |cause| Failure::Switch { step, cause };
            unmount(place, UnmountFlags::DETACH).map_err(failed)?;
        }
    }
    let failed = |cause| Failure::Switch { step: "switch to the root", cause };
    free_initrd().map_err(failed)?;
    chdir(ROOT).map_err(failed)?;
    mount_move(".", "/").map_err(failed)?;
    chroot(".").map_err(failed)?;
    chdir("/").map_err(failed)
}

/// Deletes the files of the initrd, which nobody can reach any more.
fn free_initrd() -> Result<()> {
    // Wherever else this program is started by mistake, nothing may be lost.
    let kind = statfs("/")?.f_type as u64;
    if kind != RAMFS && kind != TMPFS {
        return Err(Errno::PERM);
    }
    let root = open_directory("/")?;
    empty(&root, device_of(&root)?, 0)
}

/// Deletes all below a directory that is on the same device.
fn empty(directory: &OwnedFd, device: u64, depth: u32) -> Result<()> {
    for entry in Dir::read_from(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        if matches!(name.to_bytes(), b"." | b"..") {
            continue;
        }
        if entry.file_type() != FileType::Directory {
            unlinkat(directory, name, AtFlags::empty())?;
        } else if depth < DEPTH_MAX {
            empty_below(directory, name, device, depth)?;
        }
    }
    Ok(())
}

fn empty_below(parent: &OwnedFd, name: &CStr, device: u64, depth: u32) -> Result<()> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let directory = openat(parent, name, flags, Mode::empty())?;
    if device_of(&directory)? != device {
        return Ok(());
    }
    empty(&directory, device, depth + 1)?;
    match unlinkat(parent, name, AtFlags::REMOVEDIR) {
        // Something is mounted on it or below it.
        Err(Errno::BUSY | Errno::NOTEMPTY) => Ok(()),
        other => other,
    }
}

fn open_directory(place: &str) -> Result<OwnedFd> {
    open(place, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
}

fn device_of(directory: impl AsFd) -> Result<u64> {
    Ok(fstat(directory)?.st_dev)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn nothing_of_another_device_is_deleted() {
        let host = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(host.path().join("a/b/c")).unwrap();
        std::fs::write(host.path().join("a/file"), "text").unwrap();
        let directory = open_directory(host.path().to_str().unwrap()).unwrap();
        let device = device_of(&directory).unwrap();
        empty(&directory, device + 1, DEPTH_MAX).unwrap();
        assert!(host.path().join("a/file").exists());
        empty_below(&directory, c"a", device + 1, 0).unwrap();
        assert!(host.path().join("a/file").exists());
        empty(&directory, device, 0).unwrap();
        assert!(!host.path().join("a").exists());
    }
}
