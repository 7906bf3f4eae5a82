//! What proves a measured image, and how others are told of it.

use volume::verity::BLOCK_BYTES;

/// What proves a filesystem.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verity {
    /// The hash over everything.
    pub root_hash: [u8; 32],
    /// What every hash begins with.
    pub salt: Vec<u8>,
    /// How many blocks of 4096 bytes are proven.
    pub data_blocks: u64,
    /// Whether the hash tree has a superblock before it.
    pub has_superblock: bool,
}

/// The most bytes that a superblock holds of a salt.
pub const SALT_BYTES_MAX: usize = 256;

impl Verity {
    /// The line that Kata's tools paste into a configuration.
    pub fn line(&self) -> String {
        format!(
            "root_hash={},salt={},data_blocks={},data_block_size={BLOCK_BYTES},hash_block_size={BLOCK_BYTES}",
            hexadecimal(&self.root_hash),
            hexadecimal(&self.salt),
            self.data_blocks,
        )
    }
}

/// The superblock of `veritysetup`, for a tree that begins one block after it.
pub(crate) fn superblock(uuid: [u8; 16], salt: &[u8], data_blocks: u64) -> [u8; 512] {
    let mut block = [0; 512];
    let mut put = |offset: usize, bytes: &[u8]| {
        block[offset..offset + bytes.len()].copy_from_slice(bytes);
    };
    put(0, b"verity\0\0");
    // Version and hash type.
    put(8, &1_u32.to_le_bytes());
    put(12, &1_u32.to_le_bytes());
    put(16, &uuid);
    put(32, b"sha256");
    put(64, &(BLOCK_BYTES as u32).to_le_bytes());
    put(68, &(BLOCK_BYTES as u32).to_le_bytes());
    put(72, &data_blocks.to_le_bytes());
    let salt = &salt[..salt.len().min(SALT_BYTES_MAX)];
    put(80, &(salt.len() as u16).to_le_bytes());
    put(88, salt);
    block
}

/// Bytes in lower-case hexadecimal.
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
