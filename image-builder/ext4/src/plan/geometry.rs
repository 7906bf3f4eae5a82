//! Block groups, and where their bitmaps, inode tables and copies of the superblock lie.

use std::ops::Range;

use super::Shortage;
use super::contents::Contents;
use crate::format::{
    BLOCK_BYTES, BLOCKS_PER_GROUP, GROUPS_PER_FLEX, group, has_backup, inode, journal,
};
use crate::options::{Options, Size};

const INODES_PER_BLOCK: u64 = BLOCK_BYTES / inode::SIZE as u64;
const DESCRIPTORS_PER_BLOCK: u64 = BLOCK_BYTES / group::SIZE as u64;
/// How far a filesystem can grow with the room kept for descriptors, and at least to 64 GiB.
const GROWTH: u64 = 1024;
const GROWTH_BLOCKS_MIN: u64 = 1 << 24;
/// The room is kept by a file whose blocks have numbers of 32 bits, and which has so many.
const GROWTH_BLOCKS_MAX: u64 = u32::MAX as u64;
const RESERVED_DESCRIPTOR_BLOCKS_MAX: u64 = 1024;
/// From where on a filesystem has fewer inodes for its size.
const SMALL: u64 = 512 << 20;
const BIG: u64 = 4 << 40;
const HUGE: u64 = 16 << 40;
/// A last group with less room than this for data is left out.
const LAST_GROUP_BLOCKS_MIN: u64 = 50;

/// The shape of a filesystem.
#[derive(Debug)]
pub(crate) struct Geometry {
    pub(crate) blocks: u64,
    pub(crate) groups: u32,
    pub(crate) inodes_per_group: u32,
    pub(crate) descriptor_blocks: u64,
    /// None if the filesystem does not keep room to grow.
    pub(crate) reserved_descriptor_blocks: Option<u64>,
    /// Blocks that only root may fill.
    pub(crate) reserved_blocks: u64,
    pub(crate) journal_blocks: u64,
    /// For each group.
    pub(crate) block_bitmaps: Vec<u64>,
    pub(crate) inode_bitmaps: Vec<u64>,
    pub(crate) inode_tables: Vec<u64>,
    /// All blocks that the groups need for themselves, sorted, without overlap.
    pub(crate) metadata: Vec<Range<u64>>,
}

impl Geometry {
    pub(crate) fn new(
        blocks: u64,
        contents: &Contents,
        options: &Options,
    ) -> Result<Self, Shortage> {
        let journal_blocks = match (options.journal, journal::blocks_for(blocks)) {
            (false, _) => 0,
            (true, Some(journal)) => journal,
            // The smallest filesystem that can have a journal.
            (true, None) => return Err(Shortage(2048 - blocks)),
        };
        let inodes = inodes(blocks, contents, options);
        let groups_min = inodes.div_ceil(BLOCKS_PER_GROUP);
        let groups = blocks.div_ceil(BLOCKS_PER_GROUP);
        if groups < groups_min {
            return Err(Shortage((groups_min - 1) * BLOCKS_PER_GROUP + 1 - blocks));
        }
        let descriptor_blocks = groups.div_ceil(DESCRIPTORS_PER_BLOCK);
        let inodes_per_group = inodes.div_ceil(groups).next_multiple_of(INODES_PER_BLOCK);
        let mut geometry = Self {
            blocks,
            groups: groups as u32,
            inodes_per_group: inodes_per_group as u32,
            descriptor_blocks,
            reserved_descriptor_blocks: options
                .growable
                .then(|| reserved_for_growth(blocks, descriptor_blocks))
                .flatten(),
            reserved_blocks: blocks * u64::from(options.reserved_percent) / 100,
            journal_blocks,
            block_bitmaps: Vec::new(),
            inode_bitmaps: Vec::new(),
            inode_tables: Vec::new(),
            metadata: Vec::new(),
        };
        let missing = geometry.missing_in_last_group();
        let last_start = (groups - 1) * BLOCKS_PER_GROUP;
        match options.size {
            Size::Exact(_) if missing > 0 && groups > 1 => Self::new(last_start, contents, options),
            _ if missing > 0 => Err(Shortage(missing)),
            _ => {
                geometry.place()?;
                Ok(geometry)
            }
        }
    }

    /// The blocks of a group.
    pub(crate) fn group(&self, group: u32) -> Range<u64> {
        let start = u64::from(group) * BLOCKS_PER_GROUP;
        start..self.blocks.min(start + BLOCKS_PER_GROUP)
    }

    /// How many blocks at a group's start hold copies.
    pub(crate) fn backup_blocks(&self, group: u64) -> u64 {
        if !has_backup(group) {
            return 0;
        }
        1 + self.descriptor_blocks + self.reserved_descriptor_blocks.unwrap_or(0)
    }

    pub(crate) fn table_blocks(&self) -> u64 {
        u64::from(self.inodes_per_group) / INODES_PER_BLOCK
    }

    /// What the kernel sets aside when it mounts, and `df` does not show.
    pub(crate) fn kernel_reserve(&self) -> u64 {
        (self.blocks / 50).min(4096)
    }

    /// Of the last group's own needs and some room, what it is too small for.
    fn missing_in_last_group(&self) -> u64 {
        let last = self.group(self.groups - 1);
        let own = self.backup_blocks(u64::from(self.groups) - 1) + 2 + self.table_blocks();
        // One that has no other groups to help it need not have room besides.
        let room = if self.groups == 1 { 0 } else { LAST_GROUP_BLOCKS_MIN };
        (own + room).saturating_sub(last.end - last.start)
    }

    fn place(&mut self) -> Result<(), Shortage> {
        for group in (0..u64::from(self.groups)).filter(|group| has_backup(*group)) {
            let start = group * BLOCKS_PER_GROUP;
            self.metadata.push(start..start + self.backup_blocks(group));
        }
        for leader in (0..self.groups).step_by(GROUPS_PER_FLEX as usize) {
            let members = GROUPS_PER_FLEX.min(self.groups - leader);
            let mut cursor = u64::from(leader) * BLOCKS_PER_GROUP;
            for _ in 0..members {
                let place = self.take(&mut cursor, 1);
                self.block_bitmaps.push(place);
            }
            for _ in 0..members {
                let place = self.take(&mut cursor, 1);
                self.inode_bitmaps.push(place);
            }
            for _ in 0..members {
                let place = self.take(&mut cursor, self.table_blocks());
                self.inode_tables.push(place);
            }
            if cursor > self.blocks {
                return Err(Shortage(cursor - self.blocks));
            }
        }
        self.metadata.sort_unstable_by_key(|range| range.start);
        self.metadata.dedup_by(|next, range| {
            let is_joined = next.start == range.end;
            if is_joined {
                range.end = next.end;
            }
            is_joined
        });
        Ok(())
    }

    /// Takes blocks in a row from the cursor on, past all copies.
    fn take(&mut self, cursor: &mut u64, blocks: u64) -> u64 {
        loop {
            let groups = *cursor / BLOCKS_PER_GROUP..=(*cursor + blocks - 1) / BLOCKS_PER_GROUP;
            let in_the_way = groups
                .map(|group| {
                    let start = group * BLOCKS_PER_GROUP;
                    start..start + self.backup_blocks(group)
                })
                .find(|copy| copy.start < *cursor + blocks && *cursor < copy.end);
            let Some(copy) = in_the_way else { break };
            *cursor = copy.end;
        }
        let start = *cursor;
        *cursor += blocks;
        match self.metadata.last_mut() {
            Some(last) if last.end == start => last.end = *cursor,
            _ => self.metadata.push(start..*cursor),
        }
        start
    }
}

/// How many inodes there must be: those of the tree, and some for each block that it leaves free.
fn inodes(blocks: u64, contents: &Contents, options: &Options) -> u64 {
    let used = contents.number_max();
    if options.is_sealed() {
        return used;
    }
    let bytes = blocks * BLOCK_BYTES;
    let bytes_per_inode = bytes_per_inode(bytes);
    let free = blocks.saturating_sub(contents.blocks) * BLOCK_BYTES;
    (bytes / bytes_per_inode).max(used + free / bytes_per_inode)
}

/// As mke2fs has it, but for its twice as many below 512 MiB: what is small here may grow.
fn bytes_per_inode(bytes: u64) -> u64 {
    match bytes {
        0..SMALL => 8192,
        SMALL..BIG => 16_384,
        BIG..HUGE => 32_768,
        _ => 65_536,
    }
}

fn reserved_for_growth(blocks: u64, descriptor_blocks: u64) -> Option<u64> {
    if blocks > GROWTH_BLOCKS_MAX {
        return None;
    }
    let blocks = (blocks * GROWTH).clamp(GROWTH_BLOCKS_MIN, GROWTH_BLOCKS_MAX);
    let descriptors = blocks.div_ceil(BLOCKS_PER_GROUP).div_ceil(DESCRIPTORS_PER_BLOCK);
    Some(descriptors.saturating_sub(descriptor_blocks).min(RESERVED_DESCRIPTOR_BLOCKS_MAX))
}
