//! What the format has no place for is refused before anything is written.

use tree::{GuestPath, Kind, Meta, Node};

use crate::error::{Error, Refusal};
use crate::format::{
    SYMLINK_BYTES_MAX, XATTR_NAME_BYTES_MAX, XATTR_PREFIXES, XATTR_VALUE_BYTES_MAX,
};
use crate::options::Options;

/// The sizes of all blocks of a file are in memory at once: 32 MiB of them.
const BLOCKS_MAX: u64 = 1 << 23;
const MAJOR_MAX: u32 = (1 << 12) - 1;
const MINOR_MAX: u32 = (1 << 20) - 1;

/// Refuses what the format cannot hold.
pub(crate) fn admit(path: &GuestPath, node: &Node, options: &Options) -> Result<(), Error> {
    let admitted = admit_meta(&node.meta).and_then(|()| admit_kind(&node.kind, options));
    admitted.map_err(|source| Error::Refused { path: path.clone(), source })
}

fn admit_meta(meta: &Meta) -> Result<(), Refusal> {
    if u32::try_from(meta.mtime.seconds).is_err() {
        return Err(Refusal::Time(meta.mtime.seconds));
    }
    for (name, value) in &meta.xattrs {
        let shown = || name.escape_ascii().to_string();
        let is_known = XATTR_PREFIXES
            .iter()
            .any(|prefix| name.starts_with(prefix) && name.len() > prefix.len());
        if !is_known || name.len() > XATTR_NAME_BYTES_MAX || name.contains(&0) {
            return Err(Refusal::XattrName(shown()));
        }
        if value.len() > XATTR_VALUE_BYTES_MAX {
            return Err(Refusal::XattrValue(shown()));
        }
    }
    Ok(())
}

fn admit_kind(kind: &Kind, options: &Options) -> Result<(), Refusal> {
    match kind {
        Kind::File(content) => {
            let length = content.length();
            let is_small = length / u64::from(options.block_size) <= BLOCKS_MAX;
            is_small.then_some(()).ok_or(Refusal::FileSize(length))
        }
        Kind::Symlink(target) => {
            let is_followed = (1..=SYMLINK_BYTES_MAX).contains(&target.len());
            is_followed.then_some(()).ok_or(Refusal::Symlink(target.len()))
        }
        Kind::CharDevice { major, minor } | Kind::BlockDevice { major, minor } => {
            let (major, minor) = (*major, *minor);
            let is_known = major <= MAJOR_MAX && minor <= MINOR_MAX;
            is_known.then_some(()).ok_or(Refusal::Device { major, minor })
        }
        Kind::Directory | Kind::HardLink(_) | Kind::Fifo | Kind::Socket => Ok(()),
    }
}
