//! Trees of extents.

use volume::read::{Claims, Image, Problem, Run, ensure};

use super::inode::Inode;
use super::runs::Runs;
use super::superblock::Shape;
use crate::bytes::{get16, get32};
use crate::checksum::Checksum;
use crate::format::extent::{BLOCKS_MAX, DEPTH_MAX, ENTRY_SIZE, HEADER_SIZE, MAGIC};

/// Goes through the tree of one inode.
pub(super) struct ExtentReader<'a> {
    pub(super) image: &'a Image,
    pub(super) shape: &'a Shape,
    pub(super) claims: &'a mut Claims,
    /// Where the checksums of its blocks begin.
    pub(super) seed: Option<Checksum>,
    pub(super) runs: Runs,
}

impl ExtentReader<'_> {
    pub(super) fn read(mut self, inode: &Inode) -> Result<Vec<Run>, Problem> {
        let depth = get16(&inode.area, 6);
        ensure(depth <= DEPTH_MAX, "its tree of extents is too deep")?;
        self.node(&inode.area, depth)?;
        Ok(self.runs.into_vec())
    }

    fn node(&mut self, bytes: &[u8], depth: u16) -> Result<(), Problem> {
        ensure(
            get16(bytes, 0) == MAGIC && get16(bytes, 6) == depth,
            "its tree of extents is malformed",
        )?;
        let entries = usize::from(get16(bytes, 2));
        let room = (bytes.len() - HEADER_SIZE) / ENTRY_SIZE;
        ensure(entries <= room, "its tree of extents has too many entries")?;
        for entry in bytes[HEADER_SIZE..].chunks_exact(ENTRY_SIZE).take(entries) {
            if depth == 0 { self.extent(entry)? } else { self.child(entry, depth - 1)? }
        }
        Ok(())
    }

    fn extent(&mut self, entry: &[u8]) -> Result<(), Problem> {
        let logical = u64::from(get32(entry, 0));
        let blocks = u64::from(get16(entry, 4));
        let place = u64::from(get16(entry, 6)) << 32 | u64::from(get32(entry, 8));
        if blocks > BLOCKS_MAX {
            return self.runs.skip(logical, blocks - BLOCKS_MAX);
        }
        self.runs.push(Run { logical, place, blocks }, self.shape.blocks)
    }

    fn child(&mut self, entry: &[u8], depth: u16) -> Result<(), Problem> {
        let place = u64::from(get16(entry, 8)) << 32 | u64::from(get32(entry, 4));
        ensure(place < self.shape.blocks, "its tree of extents leads out of the filesystem")?;
        self.claims.claim(place)?;
        let mut block = vec![0; self.shape.block_size as usize];
        self.image.read(place * self.shape.block_size, &mut block)?;
        if let Some(seed) = self.seed {
            let tail = HEADER_SIZE + usize::from(get16(&block, 4)) * ENTRY_SIZE;
            let stored = block.get(tail..tail + 4).map(|bytes| get32(bytes, 0));
            let is_sound = stored.is_some_and(|sum| sum == seed.with(&block[..tail]).value());
            ensure(is_sound, "the checksum of its tree of extents is wrong")?;
        }
        self.node(&block, depth)
    }
}
