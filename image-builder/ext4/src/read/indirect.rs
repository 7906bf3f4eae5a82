//! Lists of block numbers, as filesystems had them before extents.

use volume::read::{Claims, Image, Problem, Run, ensure};

use super::inode::Inode;
use super::runs::Runs;
use super::superblock::Shape;
use crate::bytes::get32;

const DIRECT_BLOCKS: usize = 12;
/// Blocks of numbers, blocks of such blocks, and blocks of those.
const LEVELS: u32 = 3;

/// Goes through the numbers of one inode.
pub(super) struct IndirectReader<'a> {
    pub(super) image: &'a Image,
    pub(super) shape: &'a Shape,
    pub(super) claims: &'a mut Claims,
    pub(super) runs: Runs,
    /// The next block of the file, and how many it has.
    pub(super) next: u64,
    pub(super) blocks: u64,
}

impl IndirectReader<'_> {
    pub(super) fn read(mut self, inode: &Inode) -> Result<Vec<Run>, Problem> {
        let mut numbers = inode.area.chunks_exact(4).map(|bytes| get32(bytes, 0));
        for number in numbers.by_ref().take(DIRECT_BLOCKS) {
            self.block(number, 0)?;
        }
        for (number, level) in numbers.zip(1..=LEVELS) {
            self.block(number, level)?;
        }
        ensure(self.next >= self.blocks, "it is larger than its blocks can be")?;
        Ok(self.runs.into_vec())
    }

    fn block(&mut self, number: u32, level: u32) -> Result<(), Problem> {
        let place = u64::from(number);
        if self.next >= self.blocks {
            return Ok(());
        }
        if number == 0 {
            self.next += (self.shape.block_size / 4).pow(level);
            return Ok(());
        }
        if level == 0 {
            let run = Run { logical: self.next, place, blocks: 1 };
            self.next += 1;
            return self.runs.push(run, self.shape.blocks);
        }
        ensure(place < self.shape.blocks, "its block numbers lie outside of the filesystem")?;
        self.claims.claim(place)?;
        let mut block = vec![0; self.shape.block_size as usize];
        self.image.read(place * self.shape.block_size, &mut block)?;
        block.chunks_exact(4).try_for_each(|bytes| self.block(get32(bytes, 0), level - 1))
    }
}
