//! Extended attributes of entries, whatever they are, without following links.

use std::collections::BTreeMap;

use rustix::fd::{AsFd, AsRawFd};
use rustix::fs::XattrFlags;
use rustix::io::Errno;

/// The kernel's own limits.
const LIST_BYTES: usize = 64 * 1024;
const VALUE_BYTES: usize = 64 * 1024;

/// Names and values.
pub(super) type Xattrs = BTreeMap<Box<[u8]>, Box<[u8]>>;

/// Sets attributes of an open file or directory.
pub(super) fn set(handle: impl AsFd, xattrs: &Xattrs) -> Result<(), Errno> {
    xattrs.iter().try_for_each(|(name, value)| {
        rustix::fs::fsetxattr(&handle, name.as_ref(), value, XattrFlags::empty())
    })
}

/// Sets attributes of something that is opened for its path only.
pub(super) fn set_unopened(handle: impl AsFd, xattrs: &Xattrs) -> Result<(), Errno> {
    let path = handle_path(&handle);
    xattrs.iter().try_for_each(|(name, value)| {
        rustix::fs::setxattr(&path, name.as_ref(), value, XattrFlags::empty())
    })
}

/// Reads the attributes of an open file or directory.
///
/// Only what belongs to the guest counts: labels that the host's security modules invent, and
/// what its file system keeps for itself, differ from host to host.
pub(super) fn read(handle: impl AsFd) -> Result<Xattrs, Errno> {
    if is_empty(rustix::fs::flistxattr_query(&handle))? {
        return Ok(Xattrs::new());
    }
    let mut list = vec![0; LIST_BYTES];
    let count = rustix::fs::flistxattr(&handle, list.as_mut_slice())?;
    collect(&list[..count], |name, value| rustix::fs::fgetxattr(&handle, name, value))
}

/// Reads the attributes of what stands at a path, without opening it.
pub(super) fn read_at(path: &[u8]) -> Result<Xattrs, Errno> {
    if is_empty(rustix::fs::llistxattr_query(path))? {
        return Ok(Xattrs::new());
    }
    let mut list = vec![0; LIST_BYTES];
    let count = rustix::fs::llistxattr(path, list.as_mut_slice())?;
    collect(&list[..count], |name, value| rustix::fs::lgetxattr(path, name, value))
}

fn is_empty(length: Result<usize, Errno>) -> Result<bool, Errno> {
    match length {
        Ok(length) => Ok(length == 0),
        Err(Errno::OPNOTSUPP) => Ok(true),
        Err(errno) => Err(errno),
    }
}

fn collect(
    list: &[u8],
    get: impl Fn(&[u8], &mut [u8]) -> Result<usize, Errno>,
) -> Result<Xattrs, Errno> {
    let mut value = vec![0; VALUE_BYTES];
    let mut xattrs = Xattrs::new();
    for name in list.split(|byte| *byte == 0).filter(|name| belongs_to_guest(name)) {
        let count = get(name, &mut value)?;
        xattrs.insert(name.into(), value[..count].into());
    }
    Ok(xattrs)
}

fn belongs_to_guest(name: &[u8]) -> bool {
    name.starts_with(b"user.")
        || name == b"security.capability"
        || name == b"system.posix_acl_access"
        || name == b"system.posix_acl_default"
}

/// The path under which the kernel shows an open handle: it leads to the very file, even where
/// that is a symbolic link.
pub(super) fn handle_path(handle: impl AsFd) -> String {
    format!("/proc/self/fd/{}", handle.as_fd().as_raw_fd())
}
