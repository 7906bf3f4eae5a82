//! Mounts what the kernel shows of itself, and the root.

use alloc::ffi::CString;
use alloc::format;
use alloc::string::String;
use core::ffi::CStr;

use rustix::fs::{Mode, mkdir};
use rustix::io::Errno;
use rustix::mount::{MountFlags, mount};

use crate::configuration::Root;
use crate::device;
use crate::failure::Failure;
use crate::{mapper, options};

/// Where the root is mounted before it takes the place of the initrd.
pub(crate) const ROOT: &str = "/root";

/// Mounts a file system that needs no device, unless it is there.
pub(crate) fn mount_system(filesystem: &str, place: &str) -> Result<(), Failure> {
    let failed = |cause| Failure::MountSystem { place: place.into(), cause };
    make_directory(place).map_err(failed)?;
    match mount(filesystem, place, filesystem, MountFlags::empty(), None::<&CStr>) {
        Ok(()) | Err(Errno::BUSY) => Ok(()),
        Err(cause) => Err(failed(cause)),
    }
}

/// Waits for the root's device and mounts it; returns the file system and how it is checked.
pub(crate) fn mount_root(root: &Root) -> Result<String, Failure> {
    let mut kind = root.filesystem.clone();
    let mut source = root.device.clone();
    if device::is_device(&source) {
        let mut found = device::wait("root device", &source, root.wait_seconds)?;
        if let Some(verity) = &root.verity {
            found = mapper::check_with(verity, &found, root.wait_seconds)?;
            kind = format!("{kind}, dm-verity");
        }
        source = found.path;
    } else if root.verity.is_some() {
        return Err(Failure::VerityTable { why: "the root is no device" });
    }
    let failed = |cause| Failure::MountRoot {
        device: source.clone(),
        filesystem: root.filesystem.clone(),
        cause,
    };
    let (mut flags, data) = options::parse(&root.options);
    // What is checked cannot be written to.
    flags.set(MountFlags::RDONLY, flags.contains(MountFlags::RDONLY) || root.verity.is_some());
    make_directory(ROOT).map_err(failed)?;
    let data = CString::new(data).map_err(|_| failed(Errno::INVAL))?;
    let filesystem = root.filesystem.as_str();
    mount(source.as_str(), ROOT, filesystem, flags, data.as_c_str()).map_err(failed)?;
    Ok(kind)
}

pub(crate) fn make_directory(place: &str) -> Result<(), Errno> {
    match mkdir(place, Mode::from_raw_mode(0o755)) {
        Ok(()) | Err(Errno::EXIST) => Ok(()),
        Err(cause) => Err(cause),
    }
}
