//! The structures of SquashFS 4.0 as they are on disk. All numbers are little-endian.

pub(crate) mod inode;
pub(crate) mod superblock;

/// Metadata are compressed in blocks of so many bytes, all full but the last of a table.
pub(crate) const METADATA_BYTES: usize = 8192;
/// In the two bytes before a metadata block: it is not compressed.
pub(crate) const METADATA_IS_STORED: u16 = 1 << 15;
/// In the size of a data block: it is not compressed.
pub(crate) const BLOCK_IS_STORED: u32 = 1 << 24;

pub(crate) const BLOCK_BYTES_MIN: u32 = 4 << 10;
pub(crate) const BLOCK_BYTES_MAX: u32 = 1 << 20;

/// The filesystem is padded to this, because devices have such blocks.
pub(crate) const PADDED_BYTES: usize = 4096;

/// In a file: it has no part in a fragment.
pub(crate) const NO_FRAGMENT: u32 = u32::MAX;
/// In an inode: it has no extended attributes.
pub(crate) const NO_XATTRS: u32 = u32::MAX;
/// In the superblock: there is no such table.
pub(crate) const NO_TABLE: u64 = u64::MAX;

/// As many entries have one header in a directory.
pub(crate) const ENTRIES_MAX: usize = 256;
pub(crate) const ENTRY_HEADER_BYTES: usize = 12;
pub(crate) const ENTRY_BYTES: usize = 8;
/// Directories are said to be larger than their listing, for the `.` and `..` not in it.
pub(crate) const DOTS_BYTES: u32 = 3;

pub(crate) const FRAGMENT_BYTES: usize = 16;
pub(crate) const XATTR_SET_BYTES: usize = 16;
/// The type of an extended attribute whose value is a reference to another one's.
pub(crate) const XATTR_IS_ELSEWHERE: u16 = 1 << 8;
/// The number of each prefix is its place here.
pub(crate) const XATTR_PREFIXES: [&[u8]; 3] = [b"user.", b"trusted.", b"security."];
pub(crate) const XATTR_NAME_BYTES_MAX: usize = 255;
/// The kernel reads no larger value of any filesystem.
pub(crate) const XATTR_VALUE_BYTES_MAX: usize = 65_536;

/// No kernel follows a longer symbolic link.
pub(crate) const SYMLINK_BYTES_MAX: usize = 4095;
pub(crate) const OWNERS_MAX: usize = 65_535;

/// Where something lies in a table of metadata: the block that holds it, counted in bytes on disk
/// from the table's beginning, and the place in the decompressed block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Place {
    pub block: u64,
    pub offset: u16,
}

impl Place {
    pub(crate) fn to_reference(self) -> u64 {
        self.block << 16 | u64::from(self.offset)
    }

    pub(crate) fn from_reference(reference: u64) -> Self {
        Self { block: reference >> 16, offset: reference as u16 }
    }
}
