//! Where the blocks of a file are, from its inode or from the tree whose root is there.

use volume::read::{Claims, Image, Problem, Run, ensure};

use super::inode::Fork;
use super::shape::Shape;
use crate::bytes::{get16, get32, get64};
use crate::format::btree::{FILE_CHECKSUM, FILE_HEADER, FILE_MAGIC, FILE_OWNER};
use crate::format::checksum;
use crate::format::extent::{EXTENT_SIZE, Stored};
use crate::format::inode::Form;

/// Trees are never higher.
const LEVELS_MAX: u16 = 16;
/// Files end before this.
const FILE_BYTES_MAX: u64 = 1 << 63;

/// Collects the runs of one inode.
pub(super) struct RunReader<'a> {
    pub(super) image: &'a Image,
    pub(super) shape: &'a Shape,
    pub(super) claims: &'a mut Claims,
    /// The number of the inode.
    pub(super) owner: u64,
}

impl RunReader<'_> {
    /// The runs, in order; those that were never written are left out.
    pub(super) fn read(mut self, fork: &Fork) -> Result<Vec<Run>, Problem> {
        let mut runs = Runs { shape: self.shape, found: Vec::new(), end: 0 };
        match fork.form {
            Form::Extents => {
                let records = usize::try_from(fork.extents).ok();
                let length = records.and_then(|records| records.checked_mul(EXTENT_SIZE));
                let bytes = length.and_then(|length| fork.bytes.get(..length));
                runs.push_all(bytes.ok_or(Problem::Damaged("its inode holds too many runs"))?)?;
            }
            Form::Tree => self.read_tree(&fork.bytes, &mut runs)?,
            Form::Device | Form::Local => return Err(Problem::Damaged("it has no blocks")),
        }
        Ok(runs.found)
    }

    fn read_tree(&mut self, root: &[u8], runs: &mut Runs<'_>) -> Result<(), Problem> {
        let malformed = Problem::Damaged("the tree of its blocks is malformed");
        let Some((header, pairs)) = root.split_at_checked(4) else { return Err(malformed) };
        let (level, count) = (get16(header, 0), usize::from(get16(header, 2)));
        ensure((1..=LEVELS_MAX).contains(&level), "the tree of its blocks is malformed")?;
        let pointers = pairs.get(8 * (pairs.len() / 16)..).and_then(|bytes| bytes.get(..8 * count));
        let Some(pointers) = pointers else { return Err(malformed) };
        let below = |pointers: &[u8], level: u16| -> Vec<(u64, u16)> {
            let pointers = pointers.chunks_exact(8).rev();
            pointers.map(|pointer| (get64(pointer, 0), level)).collect()
        };
        let mut pending = below(pointers, level - 1);
        while let Some((packed, level)) = pending.pop() {
            let block = self.block(packed, level)?;
            let count = usize::from(get16(&block, 6));
            let records = &block[FILE_HEADER..];
            let Some(bytes) = records.get(..EXTENT_SIZE * count) else { return Err(malformed) };
            if level == 0 {
                runs.push_all(bytes)?;
            } else {
                let start = 8 * (records.len() / 16);
                pending.extend(below(&records[start..start + 8 * count], level - 1));
            }
        }
        Ok(())
    }

    fn block(&mut self, packed: u64, level: u16) -> Result<Vec<u8>, Problem> {
        let place = self.shape.place(packed, 1)?;
        self.claims.claim(place)?;
        let mut block = vec![0; self.shape.block_size as usize];
        self.image.read(place * self.shape.block_size, &mut block)?;
        ensure(
            get32(&block, 0) == FILE_MAGIC
                && get16(&block, 4) == level
                && get64(&block, FILE_OWNER) == self.owner
                && checksum::is_right(&block, FILE_CHECKSUM),
            "the tree of its blocks is malformed",
        )?;
        Ok(block)
    }
}

struct Runs<'a> {
    shape: &'a Shape,
    found: Vec<Run>,
    /// The first block that is not accounted for.
    end: u64,
}

impl Runs<'_> {
    fn push_all(&mut self, bytes: &[u8]) -> Result<(), Problem> {
        bytes.chunks_exact(EXTENT_SIZE).try_for_each(|bytes| self.push(Stored::get(bytes)))
    }

    fn push(&mut self, stored: Stored) -> Result<(), Problem> {
        let Stored { logical, packed, blocks, is_unwritten } = stored;
        // Both have few enough bits that their sum does not overflow.
        let end = logical + blocks;
        let is_in_order = logical >= self.end && blocks > 0;
        ensure(is_in_order, "its blocks are not in order")?;
        ensure(end <= FILE_BYTES_MAX / self.shape.block_size, "it has too many blocks")?;
        let place = self.shape.place(packed, blocks)?;
        self.end = end;
        match self.found.last_mut() {
            _ if is_unwritten => {}
            Some(last)
                if last.logical + last.blocks == logical && last.place + last.blocks == place =>
            {
                last.blocks += blocks;
            }
            _ => self.found.push(Run { logical, place, blocks }),
        }
        Ok(())
    }
}
