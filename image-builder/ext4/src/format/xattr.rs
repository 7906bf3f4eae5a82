//! Extended attributes: how names are shortened, and the hashes that let blocks be shared.

use crate::bytes::get32;

pub(crate) const MAGIC: u32 = 0xea02_0000;
/// What stands before the entries in an inode, and in a block.
pub(crate) const INODE_HEADER_SIZE: usize = 4;
pub(crate) const BLOCK_HEADER_SIZE: usize = 32;
/// An entry before its name.
pub(crate) const ENTRY_SIZE: usize = 16;
/// Inodes that may share a block.
pub(crate) const SHARERS_MAX: u32 = 1024;
/// The values of access control lists, whose form on disk is another.
pub(crate) const ACCESS_LIST: u8 = 2;
pub(crate) const DEFAULT_LIST: u8 = 3;

/// Where the fields of a block's header are.
pub(crate) mod at {
    pub(crate) const SHARERS: usize = 4;
    pub(crate) const BLOCKS: usize = 8;
    pub(crate) const HASH: usize = 12;
    pub(crate) const CHECKSUM: usize = 16;
}

/// Beginnings of names and the numbers that stand for them; the first that fits counts.
pub(crate) const PREFIXES: [(u8, &[u8]); 6] = [
    (ACCESS_LIST, b"system.posix_acl_access"),
    (DEFAULT_LIST, b"system.posix_acl_default"),
    (1, b"user."),
    (4, b"trusted."),
    (6, b"security."),
    (7, b"system."),
];

/// The hash of one attribute; its value is filled up with zeros.
pub(crate) fn hash(name: &[u8], value: &[u8]) -> u32 {
    let hash = name.iter().fold(0u32, |hash, byte| hash.rotate_left(5) ^ u32::from(*byte));
    value.chunks(4).fold(hash, |hash, word| {
        let mut filled = [0; 4];
        filled[..word.len()].copy_from_slice(word);
        hash.rotate_left(16) ^ get32(&filled, 0)
    })
}

/// The hash of a block, from those of its attributes.
pub(crate) fn block_hash(hashes: impl IntoIterator<Item = u32>) -> u32 {
    hashes.into_iter().fold(0, |sum: u32, hash| sum.rotate_left(16) ^ hash)
}
