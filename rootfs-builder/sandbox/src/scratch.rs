//! A working directory in memory that nobody else sees and that dies with its process.

use std::io;
use std::path::{Path, PathBuf};

use rustix::mount::{
    MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_change, unmount,
};
use rustix::thread::UnshareFlags;

use crate::error::Error;

/// A file system in memory, unmounted when dropped.
#[derive(Debug)]
pub struct Scratch {
    directory: PathBuf,
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // It goes with the process anyway; this only lets the directory be removed before.
        let _ = unmount(&self.directory, UnmountFlags::DETACH);
    }
}

/// Mounts an empty file system in memory over `directory`, for this process and its children.
///
/// Nothing is left behind however the process ends. It must have a single thread, and the rights
/// of root in its user namespace.
pub fn mount_scratch(directory: &Path, limit_bytes: u64) -> Result<Scratch, Error> {
    let failed = |step: &str| {
        let step = step.to_owned();
        move |errno: rustix::io::Errno| Error::Setup { step, source: io::Error::from(errno) }
    };
    // SAFETY: no file descriptors are unshared, only the view of the file systems.
    unsafe { rustix::thread::unshare_unsafe(UnshareFlags::NEWNS) }
        .map_err(failed("make a view of its own of the file systems"))?;
    mount_change("/", MountPropagationFlags::REC | MountPropagationFlags::PRIVATE)
        .map_err(failed("keep its mounts to itself"))?;
    let options = format!("mode=0755,size={limit_bytes}");
    let options = std::ffi::CString::new(options).unwrap_or_default();
    mount("osb", directory, "tmpfs", MountFlags::NOSUID | MountFlags::NODEV, options.as_c_str())
        .map_err(failed("mount a file system in memory"))?;
    Ok(Scratch { directory: directory.to_owned() })
}
