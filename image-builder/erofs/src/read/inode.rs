//! Reads inodes.

use tree::{Meta, Timestamp};

use super::metadata::Metadata;
use super::{attributes, product, sum};
use crate::error::Fault;
use crate::format::{ATTRIBUTES_HEADER_BYTES, InodeRecord, SLOT_BYTES};

/// An inode and where what stands behind it begins.
#[derive(Debug)]
pub(super) struct Inode {
    pub record: InodeRecord,
    pub kind: FileKind,
    pub meta: Meta,
    /// Where the tail or the map begins.
    pub trailer: u64,
}

/// What the mode says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FileKind {
    Directory,
    File,
    Symlink,
    CharDevice,
    BlockDevice,
    Fifo,
    Socket,
}

/// Reads the inode with this number.
pub(super) fn read(metadata: &mut Metadata, number: u64) -> Result<Inode, Fault> {
    let base = u64::from(metadata.superblock.metadata_block) << metadata.superblock.block_bits;
    let position = sum(base, product(number, SLOT_BYTES as u64)?)?;
    let mut bytes = metadata.read(position, InodeRecord::COMPACT_BYTES as u64)?;
    if bytes[0] & 1 != 0 {
        bytes = metadata.read(position, InodeRecord::EXTENDED_BYTES as u64)?;
    }
    let record = InodeRecord::decode(&bytes);
    let record = record.ok_or(Fault::Unsupported("the form of an inode"))?;
    let attributes_at = sum(position, record.bytes() as u64)?;
    let attribute_bytes = match u64::from(record.attribute_count) {
        0 => 0,
        count => ATTRIBUTES_HEADER_BYTES as u64 + (count - 1) * 4,
    };
    let superblock = &metadata.superblock;
    let (seconds, nanoseconds) = record.mtime.unwrap_or((superblock.time, superblock.nanoseconds));
    if nanoseconds >= 1_000_000_000 {
        return Err(Fault::Damaged("a time has more than a second of nanoseconds"));
    }
    let meta = Meta {
        mode: record.mode & 0o7777,
        uid: record.uid,
        gid: record.gid,
        mtime: Timestamp { seconds, nanoseconds },
        xattrs: attributes::read(metadata, attributes_at, attribute_bytes)?,
    };
    let trailer = sum(attributes_at, attribute_bytes)?;
    Ok(Inode { record, kind: kind(record.mode)?, meta, trailer })
}

fn kind(mode: u16) -> Result<FileKind, Fault> {
    Ok(match mode & 0o170_000 {
        0o010_000 => FileKind::Fifo,
        0o020_000 => FileKind::CharDevice,
        0o040_000 => FileKind::Directory,
        0o060_000 => FileKind::BlockDevice,
        0o100_000 => FileKind::File,
        0o120_000 => FileKind::Symlink,
        0o140_000 => FileKind::Socket,
        _ => return Err(Fault::Damaged("an inode is of no known kind")),
    })
}

/// Takes a device number apart.
pub(super) fn device(place: u32) -> (u32, u32) {
    ((place >> 8) & 0xfff, (place & 0xff) | ((place >> 12) & !0xff))
}
