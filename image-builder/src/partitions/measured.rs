//! Reads the superblock of `veritysetup` before a hash tree.

use std::io;

use fs_err::File;
use sha2::{Digest as _, Sha256};

use crate::recognise::bytes_at;
use crate::verity::SALT_BYTES_MAX;

const MAGIC: &[u8] = b"verity\0\0";
const SUPERBLOCK: usize = 512;
/// The salt comes before what is hashed.
const SALT_FIRST: u32 = 1;
/// As large as a page can be.
const BLOCK_BYTES_MAX: u32 = 65_536;

/// What the superblock of a hash tree says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VeritySuperblock {
    /// Where it is.
    pub offset: u64,
    /// Its identifier, in the order in which it is read aloud.
    pub uuid: [u8; 16],
    /// The hash function, as the kernel calls it.
    pub algorithm: String,
    /// The size of blocks that are proven.
    pub data_block_bytes: u32,
    /// The size of blocks of the tree.
    pub hash_block_bytes: u32,
    /// How many blocks are proven.
    pub data_blocks: u64,
    /// What every hash begins with.
    pub salt: Vec<u8>,
    /// The hash over the tree's top, which is the root hash if the tree is right; none where this
    /// cannot be told.
    pub root_hash: Option<[u8; 32]>,
}

/// Looks for a superblock.
pub(super) fn read(file: &File, offset: u64) -> io::Result<Option<VeritySuperblock>> {
    let block = bytes_at(file, offset, SUPERBLOCK)?;
    let u32_at = |place: usize| block[place..].first_chunk().map_or(0, |b| u32::from_le_bytes(*b));
    if !block.starts_with(MAGIC) || u32_at(8) != 1 {
        return Ok(None);
    }
    let name = block[32..64].split(|byte| *byte == 0).next().unwrap_or_default();
    let salt_bytes = usize::from(u16::from_le_bytes([block[80], block[81]]));
    let mut found = VeritySuperblock {
        offset,
        uuid: block[16..].first_chunk().copied().unwrap_or_default(),
        algorithm: String::from_utf8_lossy(name).into_owned(),
        data_block_bytes: u32_at(64),
        hash_block_bytes: u32_at(68),
        data_blocks: block[72..].first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes)),
        salt: block[88..88 + salt_bytes.min(SALT_BYTES_MAX)].to_vec(),
        root_hash: None,
    };
    // A single block has no tree over it.
    if u32_at(12) == SALT_FIRST && found.algorithm == "sha256" && found.data_blocks > 1 {
        found.root_hash = top_hash(file, &found)?;
    }
    Ok(Some(found))
}

/// The tree begins one block after the superblock, with its top.
fn top_hash(file: &File, found: &VeritySuperblock) -> io::Result<Option<[u8; 32]>> {
    let size = found.hash_block_bytes;
    let place = found.offset.checked_add(size.into());
    let (Some(place), 512..=BLOCK_BYTES_MAX) = (place, size) else { return Ok(None) };
    let top = bytes_at(file, place, size as usize)?;
    Ok(Some(Sha256::new().chain_update(&found.salt).chain_update(top).finalize().into()))
}
