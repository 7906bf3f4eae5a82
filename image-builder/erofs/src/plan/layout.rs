//! Where inodes and contents lie.
//!
//! An image is metadata, the area of shared attributes, contents as they are, then contents
//! compressed. Inodes are dealt out in batches: each has metadata blocks and content blocks of its
//! own, so that one thread can write a batch with every file opened once.

use std::ops::Range;

use crate::format::{BLOCK_BYTES, SUPERBLOCK_BYTES, SUPERBLOCK_OFFSET, Superblock};
use crate::options::{Algorithm, Compression, Options};
use crate::plan::inode::Inode;
use crate::plan::space::Space;

/// A batch is closed when its contents reach this size, …
pub(super) const BATCH_BLOCKS: u64 = (4 << 20) / BLOCK_BYTES as u64;
/// … or its metadata this.
const BATCH_METADATA_BLOCKS: u64 = (1 << 20) / BLOCK_BYTES as u64;

/// Where everything lies but compressed contents.
#[derive(Debug)]
pub(crate) struct Layout {
    pub batches: Vec<Batch>,
    /// The block of shared attributes.
    pub attributes_block: u64,
    /// How many blocks there are before compressed contents.
    pub blocks: u64,
}

/// Inodes that are written together.
#[derive(Debug)]
pub(crate) struct Batch {
    pub inodes: Range<usize>,
    /// Blocks of metadata.
    pub metadata: Range<u64>,
}

/// Gives every inode its place.
pub(crate) fn arrange(inodes: &mut [Inode], shared_bytes: usize, options: &Options) -> Layout {
    let mut batches = place_metadata(inodes, options);
    let mut block = batches.last().map_or(0, |batch| batch.metadata.end);
    let attributes_block = block;
    block += shared_bytes.div_ceil(BLOCK_BYTES) as u64;
    for inode in inodes.iter_mut().filter(|inode| inode.directory.is_none()) {
        inode.block = block;
        block += inode.own_blocks();
    }
    batches.retain(|batch| !batch.inodes.is_empty());
    Layout { batches, attributes_block, blocks: block }
}

/// Places inodes, and the blocks of directories among them.
fn place_metadata(inodes: &mut [Inode], options: &Options) -> Vec<Batch> {
    let mut batches = Vec::new();
    let mut space = Space::after(reserved_bytes(options));
    let (mut first_block, mut first_inode, mut content_blocks) = (0, 0, 0);
    for number in 0..inodes.len() {
        let inode = &mut inodes[number];
        inode.position = first_block * BLOCK_BYTES as u64 + space.take(inode.record_bytes());
        if inode.directory.is_some() {
            inode.block = first_block + space.take_blocks(inode.own_blocks());
        } else {
            content_blocks += batch_blocks(inode);
        }
        let is_full = content_blocks >= BATCH_BLOCKS || space.blocks() >= BATCH_METADATA_BLOCKS;
        if is_full || number + 1 == inodes.len() {
            let metadata = first_block..first_block + space.blocks();
            first_block = metadata.end;
            batches.push(Batch { inodes: first_inode..number + 1, metadata });
            (first_inode, content_blocks, space) = (number + 1, 0, Space::default());
        }
    }
    batches
}

/// How much of the content is written with the batch; large ones are cut into pieces instead.
fn batch_blocks(inode: &Inode) -> u64 {
    if inode.is_large() { 0 } else { inode.own_blocks() }
}

/// How much of the first block is taken before the first inode.
pub(crate) fn reserved_bytes(options: &Options) -> usize {
    SUPERBLOCK_OFFSET + SUPERBLOCK_BYTES + algorithm_record(options).len()
}

/// What follows the superblock.
pub(crate) fn algorithm_record(options: &Options) -> Vec<u8> {
    match options.compression {
        None => Vec::new(),
        Some(Compression { algorithm, cluster_bytes }) => {
            let blocks = (cluster_bytes as usize / BLOCK_BYTES) as u16;
            Superblock::algorithm_record(algorithm.number(), blocks)
        }
    }
}

impl Algorithm {
    /// The number on disk.
    pub(crate) fn number(self) -> u8 {
        match self {
            Self::Lz4 | Self::Lz4hc(_) => crate::format::ALGORITHM_LZ4,
            Self::Zstd(_) => crate::format::ALGORITHM_ZSTD,
        }
    }
}
