//! Where inodes and contents lie.
//!
//! An image is metadata, the area of shared attributes, contents as they are, then contents
//! compressed. Inodes are dealt out in batches: each has metadata blocks and content blocks of its
//! own, so that one thread can write a batch with every file opened once.

use std::cmp::Reverse;
use std::ops::Range;

use crate::format::{BLOCK_BYTES, SUPERBLOCK_BYTES, SUPERBLOCK_OFFSET, Superblock};
use crate::options::{Algorithm, Compression, Options};
use crate::plan::inode::Inode;
use crate::plan::space::Space;

/// A batch is closed when its contents reach this size, …
pub(super) const BATCH_BLOCKS: u64 = (4 << 20) / BLOCK_BYTES as u64;
/// … or its metadata this.
const BATCH_METADATA_BYTES: u64 = 1 << 20;

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

/// Deals out inodes in batches, and gives each batch its metadata blocks.
fn place_metadata(inodes: &mut [Inode], options: &Options) -> Vec<Batch> {
    let mut batches = Vec::new();
    let mut space = Space::after(reserved_bytes(options));
    let (mut first_block, mut first_inode) = (0, 0);
    let (mut content_blocks, mut metadata_bytes) = (0, 0);
    for number in 0..inodes.len() {
        let inode = &inodes[number];
        metadata_bytes += inode.record_bytes() as u64;
        if inode.directory.is_some() {
            metadata_bytes += inode.own_blocks() * BLOCK_BYTES as u64;
        } else {
            content_blocks += batch_blocks(inode);
        }
        let is_full = content_blocks >= BATCH_BLOCKS || metadata_bytes >= BATCH_METADATA_BYTES;
        if is_full || number + 1 == inodes.len() {
            let range = first_inode..number + 1;
            place(&mut inodes[range.clone()], first_block, &mut space);
            let metadata = first_block..first_block + space.blocks();
            (first_block, first_inode) = (metadata.end, range.end);
            batches.push(Batch { inodes: range, metadata });
            (content_blocks, metadata_bytes, space) = (0, 0, Space::default());
        }
    }
    batches
}

/// Places the inodes of a batch, and the blocks of directories among them.
fn place(inodes: &mut [Inode], first_block: u64, space: &mut Space) {
    let mut order: Vec<_> = inodes.iter_mut().collect();
    // The root's number has sixteen bits, so it comes first. Of the others the largest come first,
    // so that small ones fill what they leave.
    order.sort_by_key(|inode| (!inode.path.is_root(), Reverse(inode.record_bytes())));
    for inode in order {
        inode.position = first_block * BLOCK_BYTES as u64 + space.take(inode.record_bytes());
        if inode.directory.is_some() {
            inode.block = first_block + space.take_blocks(inode.own_blocks());
        }
    }
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
