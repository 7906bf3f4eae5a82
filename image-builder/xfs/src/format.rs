//! What is on disk: version 5 of the format, in blocks of 4096 bytes.

pub(crate) mod attribute;
pub(crate) mod btree;
pub(crate) mod checksum;
pub(crate) mod directory;
pub(crate) mod extent;
pub(crate) mod geometry;
pub(crate) mod group;
pub(crate) mod inode;
pub(crate) mod log;
pub(crate) mod superblock;
pub(crate) mod target;

pub(crate) const BLOCK: usize = 4096;
pub(crate) const BLOCK_BYTES: u64 = 4096;
pub(crate) const SECTOR: usize = 512;
pub(crate) const SECTORS_PER_BLOCK: u64 = 8;
pub(crate) const INODES_PER_BLOCK: u64 = 8;
/// Inodes are allocated so many at a time.
pub(crate) const CHUNK_INODES: usize = 64;
pub(crate) const CHUNK_BLOCKS: u64 = 8;
/// The first block of a chunk in its group is a multiple of this.
pub(crate) const CHUNK_ALIGNMENT: u64 = 4;
pub(crate) const BLOCKS_MAX: u64 = 64 << 28;
pub(crate) const LABEL_BYTES_MAX: usize = 12;

/// Whose block this is, and where: every block of metadata says it of itself.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stamp<'a> {
    pub(crate) uuid: &'a [u8; 16],
    /// The number of the inode, or of the group.
    pub(crate) owner: u64,
    /// The block, counted from the start of the filesystem.
    pub(crate) place: u64,
}
