//! What describes the groups: bitmaps, descriptors, superblocks and their copies.

use std::ops::Range;

use super::Writer;
use super::inodes::backups;
use crate::error::Error;
use crate::format::group::Descriptor;
use crate::format::superblock::{JournalBackup, SIZE, Superblock};
use crate::format::{BLOCK, BLOCK_BYTES, BLOCKS_PER_GROUP, group};
use crate::plan::contents::What;

/// Where the superblock lies: before it there is room for a boot loader.
const SUPERBLOCK_AT: usize = 1024;
/// How many bytes of bitmaps are written at once.
const RUN_BYTES_MAX: usize = 1 << 20;

impl Writer<'_> {
    pub(super) fn write_groups(&self) -> Result<(), Error> {
        let descriptors = self.write_bitmaps()?;
        let superblock = self.superblock();
        // What reserved blocks hold is in the first group only.
        let mut first = vec![0; BLOCK];
        first[SUPERBLOCK_AT..SUPERBLOCK_AT + SIZE].copy_from_slice(&superblock.encode(0));
        first.extend(&descriptors);
        first.extend(self.reserved_descriptors());
        for group in backups(self.plan.geometry.groups) {
            let mut copy = vec![0; BLOCK];
            copy[..SIZE].copy_from_slice(&superblock.encode(group as u32));
            copy.extend(&descriptors);
            self.put(&copy, group * BLOCKS_PER_GROUP)?;
        }
        self.put(&first, 0)
    }

    /// Writes the bitmaps that are not as everyone would guess; returns all descriptors, filled
    /// up to whole blocks.
    fn write_bitmaps(&self) -> Result<Vec<u8>, Error> {
        let geometry = &self.plan.geometry;
        let size = geometry.descriptor_blocks as usize * BLOCK;
        let mut descriptors = Vec::with_capacity(size);
        let (mut blocks, mut inodes) = (Run::default(), Run::default());
        let directories = self.directories();
        let mut used = self.plan.allocation.used.as_slice();
        for group in 0..geometry.groups {
            let number = group as usize;
            let (mut descriptor, bitmap) = self.describe_blocks(group, &mut used);
            if let Some(bitmap) = bitmap {
                self.append(&mut blocks, descriptor.block_bitmap, &bitmap)?;
            }
            if let Some(bitmap) = self.describe_inodes(group, &mut descriptor) {
                descriptor.directories = directories.get(number).copied().unwrap_or(0);
                self.append(&mut inodes, descriptor.inode_bitmap, &bitmap)?;
            }
            descriptors.extend(descriptor.encode(self.seed, group));
        }
        self.flush(&mut blocks)?;
        self.flush(&mut inodes)?;
        debug_assert_eq!(descriptors.len(), geometry.groups as usize * group::SIZE);
        descriptors.resize(size, 0);
        Ok(descriptors)
    }

    /// Begins the descriptor of a group, and gives its bitmap of blocks unless it needs none.
    fn describe_blocks(
        &self,
        group: u32,
        used: &mut &[Range<u64>],
    ) -> (Descriptor, Option<[u8; BLOCK]>) {
        let geometry = &self.plan.geometry;
        let (number, range) = (group as usize, geometry.group(group));
        while let [first, rest @ ..] = *used
            && first.end <= range.start
        {
            *used = rest;
        }
        let inside: Vec<Range<u64>> = used
            .iter()
            .take_while(|taken| taken.start < range.end)
            .map(|taken| taken.start.max(range.start)..taken.end.min(range.end))
            .collect();
        let taken: u64 = inside.iter().map(|taken| taken.end - taken.start).sum();
        // Where only copies are in use, everyone knows it; but the last group's bitmap also says
        // where the filesystem ends.
        let own = geometry.backup_blocks(u64::from(group));
        let is_needed = taken != own || group + 1 == geometry.groups;
        let bitmap = is_needed.then(|| {
            let mut bitmap = [0; BLOCK];
            for taken in inside {
                set(&mut bitmap, taken.start - range.start..taken.end - range.start);
            }
            set(&mut bitmap, range.end - range.start..BLOCKS_PER_GROUP);
            bitmap
        });
        let descriptor = Descriptor {
            block_bitmap: geometry.block_bitmaps[number],
            inode_bitmap: geometry.inode_bitmaps[number],
            inode_table: geometry.inode_tables[number],
            free_blocks: (range.end - range.start - taken) as u16,
            free_inodes: 0,
            directories: 0,
            unused_inodes: 0,
            block_bitmap_checksum: bitmap.map(|bitmap| self.seed.with(&bitmap).value()),
            inode_bitmap_checksum: None,
        };
        (descriptor, bitmap)
    }

    /// Adds to a descriptor what is to say of inodes; gives the bitmap if any are used.
    fn describe_inodes(&self, group: u32, descriptor: &mut Descriptor) -> Option<[u8; BLOCK]> {
        let per_group = u64::from(self.plan.geometry.inodes_per_group);
        let before = u64::from(group) * per_group;
        let used = self.plan.contents.number_max().saturating_sub(before).min(per_group);
        descriptor.free_inodes = (per_group - used) as u16;
        descriptor.unused_inodes = descriptor.free_inodes;
        if used == 0 {
            return None;
        }
        let mut bitmap = [0; BLOCK];
        set(&mut bitmap, 0..used);
        set(&mut bitmap, per_group..BLOCKS_PER_GROUP);
        let counted = &bitmap[..per_group as usize / 8];
        descriptor.inode_bitmap_checksum = Some(self.seed.with(counted).value());
        Some(bitmap)
    }

    /// How many directories have their inode in each of the first groups.
    fn directories(&self) -> Vec<u16> {
        let contents = &self.plan.contents;
        let mut counts = Vec::new();
        for (index, inode) in contents.inodes.iter().enumerate() {
            if let What::Directory(_) = inode.what {
                let group = (contents.number(index) - 1) / self.plan.geometry.inodes_per_group;
                let group = group as usize;
                counts.resize(counts.len().max(group + 1), 0);
                counts[group] += 1;
            }
        }
        counts
    }

    fn superblock(&self) -> Superblock {
        let Self { plan, .. } = self;
        let (geometry, options) = (&plan.geometry, &plan.options);
        let inodes = geometry.groups * geometry.inodes_per_group;
        let metadata: u64 = geometry.metadata.iter().map(|range| range.end - range.start).sum();
        let journal = (geometry.journal_blocks > 0).then(|| JournalBackup {
            bytes: geometry.journal_blocks * BLOCK_BYTES,
            area: self.journal_inode().area,
        });
        Superblock {
            inodes,
            blocks: geometry.blocks,
            reserved_blocks: geometry.reserved_blocks,
            free_blocks: plan.allocation.free_blocks,
            free_inodes: inodes - plan.contents.number_max() as u32,
            overhead_blocks: metadata + geometry.journal_blocks,
            inodes_per_group: geometry.inodes_per_group,
            reserved_descriptor_blocks: geometry
                .reserved_descriptor_blocks
                .map(|blocks| blocks as u16),
            uuid: options.uuid,
            hash_seed: options.hash_seed,
            label: options.label.clone(),
            time: options.time,
            journal,
        }
    }

    fn append(&self, run: &mut Run, place: u64, block: &[u8; BLOCK]) -> Result<(), Error> {
        let is_next = run.place + (run.bytes.len() / BLOCK) as u64 == place;
        if !is_next || run.bytes.len() >= RUN_BYTES_MAX {
            self.flush(run)?;
            run.place = place;
        }
        run.bytes.extend(block);
        Ok(())
    }

    fn flush(&self, run: &mut Run) -> Result<(), Error> {
        if !run.bytes.is_empty() {
            self.put(&run.bytes, run.place)?;
            run.bytes.clear();
        }
        Ok(())
    }
}

/// Blocks in a row that are not written yet.
#[derive(Debug, Default)]
struct Run {
    place: u64,
    bytes: Vec<u8>,
}

/// Sets bits of a bitmap.
fn set(bitmap: &mut [u8; BLOCK], bits: Range<u64>) {
    let (start, end) = (bits.start as usize, bits.end as usize);
    let (mut bit, whole) = (start, end / 8 * 8);
    while bit < end && (bit % 8 != 0 || bit >= whole) {
        bitmap[bit / 8] |= 1 << (bit % 8);
        bit += 1;
    }
    if bit < end {
        bitmap[bit / 8..whole / 8].fill(0xff);
        (whole..end).for_each(|bit| bitmap[bit / 8] |= 1 << (bit % 8));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_the_bits_of_a_range_are_set() {
        for range in [0..0, 0..1, 3..5, 3..8, 7..17, 8..16, 0..32_768, 32_760..32_768, 1..30] {
            let mut bitmap = [0; BLOCK];
            set(&mut bitmap, range.clone());
            let is_set = |bit: u64| bitmap[bit as usize / 8] >> (bit % 8) & 1 == 1;
            assert!((0..BLOCKS_PER_GROUP).all(|bit| is_set(bit) == range.contains(&bit)));
        }
    }
}
