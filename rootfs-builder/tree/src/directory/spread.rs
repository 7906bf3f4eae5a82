//! A hint to the file system about directories that come and go.

use std::path::Path;

use rustix::fs::IFlags;
use rustix::io::Errno;

use super::root::Root;
use crate::error::Error;
use crate::path::GuestPath;

/// Asks the file system to place each new subdirectory of `parent` in a region of its own.
///
/// Without a journal, ext4 does not use the inodes of deleted files again for minutes, and looks at each of them
/// whenever it makes a file nearby: a tree made where another was just removed takes seconds
/// instead of tenths. File systems without such regions are left as they are.
pub fn spread(parent: &Path) -> Result<(), Error> {
    let root = Root::open(parent)?;
    let result = rustix::fs::ioctl_getflags(&root.handle)
        .and_then(|flags| rustix::fs::ioctl_setflags(&root.handle, flags | IFlags::TOPDIR));
    match result {
        // It is a hint: whoever cannot take it works all the same.
        Ok(()) | Err(Errno::NOTTY | Errno::OPNOTSUPP | Errno::INVAL | Errno::PERM) => Ok(()),
        Err(errno) => Err(root.error("set flags of", &GuestPath::root(), errno)),
    }
}
