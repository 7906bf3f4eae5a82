//! The targets of symbolic links that are too long for their inodes.

use super::geometry::sector;
use super::{BLOCK, Stamp};
use crate::bytes::{put, put32, put64, seal};

/// The kernel follows no longer links on this filesystem.
pub(crate) const TARGET_BYTES_MAX: usize = 1024;
pub(crate) const MAGIC: &[u8; 4] = b"XSLM";
pub(crate) const HEADER: usize = 56;
pub(crate) const CHECKSUM: usize = 12;

/// A block that holds a target.
pub(crate) fn block(target: &[u8], stamp: Stamp<'_>) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    put(&mut block, 0, MAGIC);
    put32(&mut block, 8, target.len() as u32);
    put(&mut block, 16, stamp.uuid);
    put64(&mut block, 32, stamp.owner);
    put64(&mut block, 40, sector(stamp.place));
    put(&mut block, HEADER, target);
    seal(&mut block, CHECKSUM);
    block
}
