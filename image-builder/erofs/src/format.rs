//! How EROFS lies on disk: numbers, and records to and from bytes. All of it is little-endian.

mod checksum;
pub(crate) mod directory;
mod inode;
mod superblock;

pub(crate) use inode::{InodeRecord, Layout};
pub(crate) use superblock::Superblock;

/// Size of a block of the images written here, as a power of two.
pub(crate) const BLOCK_BITS: u32 = 12;
/// Size of a block of the images written here.
pub(crate) const BLOCK_BYTES: usize = 1 << BLOCK_BITS;
/// Inodes begin at multiples of this; their number counts them.
pub(crate) const SLOT_BYTES: usize = 32;
/// Block address of nothing: of a hole, or of a file without blocks.
pub(crate) const NO_BLOCK: u32 = u32::MAX;

/// Where the superblock begins.
pub(crate) const SUPERBLOCK_OFFSET: usize = 1024;
/// Size of the superblock without extension.
pub(crate) const SUPERBLOCK_BYTES: usize = 128;

/// The superblock has a checksum.
pub(crate) const COMPAT_CHECKSUM: u32 = 0x1;
/// Times of inodes are those of modification.
pub(crate) const COMPAT_MTIME: u32 = 0x2;
/// Compressed data end at the end of their last block.
pub(crate) const INCOMPAT_ZERO_PADDING: u32 = 0x1;
/// Records of the algorithms follow the superblock, and a cluster may have several blocks.
pub(crate) const INCOMPAT_BIG_CLUSTERS: u32 = 0x2;
/// Some files are mapped by chunks.
pub(crate) const INCOMPAT_CHUNKED: u32 = 0x4;

/// There is a second algorithm, or there are several devices.
pub(crate) const INCOMPAT_SECOND_ALGORITHM: u32 = 0x8;

/// Number of the algorithm LZ4.
pub(crate) const ALGORITHM_LZ4: u8 = 0;
/// Number of the algorithm Zstandard.
pub(crate) const ALGORITHM_ZSTD: u8 = 3;
/// The most that a cluster may take on disk.
pub(crate) const MAX_CLUSTER_BYTES: u32 = 1 << 20;
/// The largest window of Zstandard that the kernel accepts, as a power of two.
pub(crate) const MAX_WINDOW_BITS: u32 = 20;
/// The most that a cluster may hold.
pub(crate) const MAX_CLUSTER_CONTENT_BYTES: u64 = 12 << 20;

/// Size of the header of an index of clusters.
pub(crate) const MAP_HEADER_BYTES: usize = 8;
/// The index is in the form that mixes entries of two and of four bytes.
pub(crate) const MAP_COMPACT_2B: u16 = 0x1;
/// Clusters of the first algorithm may have several blocks.
pub(crate) const MAP_BIG_CLUSTERS: u16 = 0x2;
/// Clusters of the second algorithm may have several blocks.
pub(crate) const MAP_BIG_CLUSTERS_2: u16 = 0x4;
/// Type of an index entry: stored as it is.
pub(crate) const CLUSTER_PLAIN: u16 = 0;
/// Type of an index entry: a compressed cluster begins; 3 is the same with the second algorithm.
pub(crate) const CLUSTER_HEAD: u16 = 1;
/// Type of an index entry: nothing begins.
pub(crate) const CLUSTER_INNER: u16 = 2;
/// In the distance to the head: this is not the distance but the number of blocks on disk.
pub(crate) const CLUSTER_COUNT: u16 = 1 << 11;

/// In the format of a chunk map: how many times a chunk doubles a block.
pub(crate) const CHUNK_BITS_MASK: u32 = 0x1f;
/// In the format of a chunk map: entries have eight bytes with a device number.
pub(crate) const CHUNK_INDEXES: u32 = 0x20;

/// Size of a directory entry without its name.
pub(crate) const DIRENT_BYTES: usize = 12;

/// Size of what begins the extended attributes of an inode.
pub(crate) const ATTRIBUTES_HEADER_BYTES: usize = 12;
/// Size of what begins an extended attribute.
pub(crate) const ATTRIBUTE_HEADER_BYTES: usize = 4;
/// Prefixes of attribute names that are stored as a number.
pub(crate) const ATTRIBUTE_PREFIXES: [(u8, &[u8]); 5] = [
    (1, b"user."),
    (2, b"system.posix_acl_access"),
    (3, b"system.posix_acl_default"),
    (4, b"trusted."),
    (6, b"security."),
];

/// The two bytes at an offset; zero beyond the end.
pub(crate) fn u16_at(bytes: &[u8], offset: usize) -> u16 {
    let mut word = [0; 2];
    copy(bytes, offset, &mut word);
    u16::from_le_bytes(word)
}

/// The four bytes at an offset; zero beyond the end.
pub(crate) fn u32_at(bytes: &[u8], offset: usize) -> u32 {
    let mut word = [0; 4];
    copy(bytes, offset, &mut word);
    u32::from_le_bytes(word)
}

/// The eight bytes at an offset; zero beyond the end.
pub(crate) fn u64_at(bytes: &[u8], offset: usize) -> u64 {
    let mut word = [0; 8];
    copy(bytes, offset, &mut word);
    u64::from_le_bytes(word)
}

/// Puts bytes at an offset.
pub(crate) fn put(bytes: &mut [u8], offset: usize, value: &[u8]) {
    bytes[offset..offset + value.len()].copy_from_slice(value);
}

fn copy(bytes: &[u8], offset: usize, word: &mut [u8]) {
    if let Some(found) = bytes.get(offset..offset + word.len()) {
        word.copy_from_slice(found);
    }
}
