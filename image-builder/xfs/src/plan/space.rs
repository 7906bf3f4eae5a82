//! Free blocks, given away from the first to the last of each group.

use std::ops::Range;

use super::levels::levels;
use crate::format::geometry::{Geometry, LOG_BLOCKS, SET_ASIDE};
use crate::format::{BLOCK, CHUNK_ALIGNMENT, CHUNK_BLOCKS, btree};

/// What each group keeps, so that its trees can grow.
const KEPT: u64 = 16;
/// Chunks that a leaf of the tree of inodes knows, and blocks that a node of it leads to.
pub(crate) const LEAF_CHUNKS: usize = (BLOCK - btree::GROUP_HEADER) / 16;
pub(crate) const NODE_BLOCKS: usize = (BLOCK - btree::GROUP_HEADER) / 8;

/// What is free, and where inodes are.
#[derive(Debug)]
pub(crate) struct Space {
    pub(crate) groups: Vec<GroupSpace>,
    /// The group that blocks come from.
    cursor: usize,
    /// Blocks that were wanted and are not there.
    missing: u64,
}

/// The blocks of a group.
#[derive(Debug)]
pub(crate) struct GroupSpace {
    /// From the group's first block on all are taken, except these.
    pub(crate) free: Range<u64>,
    /// The chunks of inodes.
    pub(crate) chunks: Vec<u64>,
    /// The blocks of the tree of inodes besides its root.
    pub(crate) index: Range<u64>,
}

/// The levels of the tree over so many chunks, the lowest first.
pub(crate) fn index_levels(chunks: usize) -> Vec<u64> {
    let leaves = chunks.div_ceil(LEAF_CHUNKS).max(1);
    levels(leaves as u64, NODE_BLOCKS as u64, 1)
}

impl Space {
    /// All blocks but those that every filesystem has.
    pub(crate) fn new(geometry: Geometry) -> Self {
        let groups = (0..geometry.groups).map(|number| {
            let blocks = geometry.group(number);
            let is_of_log = blocks.contains(&geometry.log());
            let taken = SET_ASIDE.end + if is_of_log { LOG_BLOCKS } else { 0 };
            let free = blocks.start + taken..blocks.end;
            GroupSpace { free, chunks: Vec::new(), index: 0..0 }
        });
        Self { groups: groups.collect(), cursor: 0, missing: 0 }
    }

    /// Takes so many chunks of inodes and the trees over them: before anything else.
    pub(crate) fn take_chunks(&mut self, count: usize) -> Vec<u64> {
        // All that is taken until now is a multiple of the alignment.
        const { assert!((SET_ASIDE.end + LOG_BLOCKS).is_multiple_of(CHUNK_ALIGNMENT)) };
        const { assert!(SET_ASIDE.end.is_multiple_of(CHUNK_ALIGNMENT)) };
        let mut chunks = Vec::with_capacity(count);
        for _ in 0..count {
            match self.groups[self.cursor..].iter_mut().position(GroupSpace::take_chunk) {
                Some(skipped) => self.cursor += skipped,
                None => self.missing += CHUNK_BLOCKS,
            }
            chunks.extend(self.groups[self.cursor].chunks.last());
        }
        for group in &mut self.groups {
            group.index = group.take(group.index_blocks(0));
        }
        self.cursor = 0;
        chunks
    }

    /// Takes so many blocks, in as few runs as can be.
    pub(crate) fn take(&mut self, mut blocks: u64) -> Vec<Range<u64>> {
        let mut runs = Vec::new();
        while blocks > 0 {
            let Some(group) = self.groups.get_mut(self.cursor) else {
                self.missing += blocks;
                break;
            };
            let run = group.take(blocks.min(group.room()));
            blocks -= run.end - run.start;
            if blocks > 0 {
                self.cursor += 1;
            }
            runs.extend(Some(run).filter(|run| !run.is_empty()));
        }
        runs
    }

    /// Takes so many blocks in a row.
    pub(crate) fn take_together(&mut self, blocks: u64) -> u64 {
        while let Some(group) = self.groups.get_mut(self.cursor) {
            if group.room() >= blocks {
                return group.take(blocks).start;
            }
            self.cursor += 1;
        }
        self.missing += blocks;
        0
    }

    /// Blocks that were wanted and are not there.
    pub(crate) fn missing(&self) -> u64 {
        self.missing
    }

    pub(crate) fn free_blocks(&self) -> u64 {
        self.groups.iter().map(|group| group.free.end - group.free.start).sum()
    }
}

impl GroupSpace {
    fn room(&self) -> u64 {
        (self.free.end - self.free.start).saturating_sub(KEPT)
    }

    fn take(&mut self, blocks: u64) -> Range<u64> {
        let start = self.free.start;
        self.free.start += blocks;
        start..self.free.start
    }

    /// The blocks of the tree of inodes besides its root, with some more chunks.
    fn index_blocks(&self, more: usize) -> u64 {
        index_levels(self.chunks.len() + more).iter().sum::<u64>() - 1
    }

    fn take_chunk(&mut self) -> bool {
        let has_room = self.room() >= CHUNK_BLOCKS + self.index_blocks(1);
        if has_room {
            let chunk = self.take(CHUNK_BLOCKS).start;
            self.chunks.push(chunk);
        }
        has_room
    }
}
