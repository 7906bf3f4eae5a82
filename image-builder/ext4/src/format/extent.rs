//! Trees of extents: where the blocks of a file are.

use super::BLOCK;
use super::inode::AREA;
use crate::bytes::{put16, put32};
use crate::checksum::Checksum;

pub(crate) const MAGIC: u16 = 0xf30a;
pub(crate) const HEADER_SIZE: usize = 12;
pub(crate) const ENTRY_SIZE: usize = 12;
/// Extents of more blocks are reserved but not written.
pub(crate) const BLOCKS_MAX: u64 = 1 << 15;
/// No tree is deeper.
pub(crate) const DEPTH_MAX: u16 = 5;
const IN_INODE: usize = 4;
const IN_BLOCK: usize = (BLOCK - HEADER_SIZE - 4) / ENTRY_SIZE;
const CHECKSUM_AT: usize = HEADER_SIZE + IN_BLOCK * ENTRY_SIZE;

/// Blocks that follow each other in a file and on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) logical: u32,
    pub(crate) blocks: u32,
    pub(crate) physical: u64,
}

/// How many blocks the tree of so many extents needs besides the inode.
pub(crate) fn tree_blocks(extents: usize) -> usize {
    let (mut level, mut blocks) = (extents, 0);
    while level > IN_INODE {
        level = level.div_ceil(IN_BLOCK);
        blocks += level;
    }
    blocks
}

/// A tree: what the inode holds of it, and its other blocks.
pub(crate) struct ExtentTree {
    pub(crate) root: [u8; AREA],
    pub(crate) blocks: Vec<[u8; BLOCK]>,
}

/// One entry of the level above: the first logical block, and where the node is.
type Pointer = (u32, u64);

impl ExtentTree {
    /// The tree of these extents, whose blocks go to `places`: leaves first, then each level.
    pub(crate) fn new(extents: &[Extent], places: &[u64], seed: Checksum) -> Self {
        let mut blocks = Vec::with_capacity(places.len());
        if extents.len() <= IN_INODE {
            let mut root = [0; AREA];
            put_header(&mut root, extents.len(), IN_INODE, 0);
            put_extents(&mut root, extents);
            return Self { root, blocks };
        }
        let mut level: Vec<Pointer> = Vec::new();
        for (extents, place) in extents.chunks(IN_BLOCK).zip(places) {
            let mut block = [0; BLOCK];
            put_header(&mut block, extents.len(), IN_BLOCK, 0);
            put_extents(&mut block, extents);
            blocks.push(sealed(block, seed));
            level.push((extents[0].logical, *place));
        }
        let mut depth = 1;
        while level.len() > IN_INODE {
            let mut above = Vec::new();
            let rest = &places[blocks.len()..];
            for (pointers, place) in level.chunks(IN_BLOCK).zip(rest) {
                let mut block = [0; BLOCK];
                put_header(&mut block, pointers.len(), IN_BLOCK, depth);
                put_pointers(&mut block, pointers);
                blocks.push(sealed(block, seed));
                above.push((pointers[0].0, *place));
            }
            level = above;
            depth += 1;
        }
        let mut root = [0; AREA];
        put_header(&mut root, level.len(), IN_INODE, depth);
        put_pointers(&mut root, &level);
        Self { root, blocks }
    }
}

fn put_header(bytes: &mut [u8], entries: usize, entries_max: usize, depth: u16) {
    put16(bytes, 0, MAGIC);
    put16(bytes, 2, entries as u16);
    put16(bytes, 4, entries_max as u16);
    put16(bytes, 6, depth);
}

fn put_extents(bytes: &mut [u8], extents: &[Extent]) {
    for (entry, extent) in bytes[HEADER_SIZE..].chunks_exact_mut(ENTRY_SIZE).zip(extents) {
        put32(entry, 0, extent.logical);
        put16(entry, 4, extent.blocks as u16);
        put16(entry, 6, (extent.physical >> 32) as u16);
        put32(entry, 8, extent.physical as u32);
    }
}

fn put_pointers(bytes: &mut [u8], pointers: &[Pointer]) {
    let entries = bytes[HEADER_SIZE..].chunks_exact_mut(ENTRY_SIZE);
    for (entry, (logical, place)) in entries.zip(pointers) {
        put32(entry, 0, *logical);
        put32(entry, 4, *place as u32);
        put16(entry, 8, (place >> 32) as u16);
    }
}

fn sealed(mut block: [u8; BLOCK], seed: Checksum) -> [u8; BLOCK] {
    let checksum = seed.with(&block[..CHECKSUM_AT]).value();
    put32(&mut block, CHECKSUM_AT, checksum);
    block
}
