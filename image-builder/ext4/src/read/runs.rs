//! Where the blocks of a file are, put together from either form on disk.

use volume::read::{Problem, Run, ensure};

/// The runs of one file, in order.
#[derive(Debug, Default)]
pub(super) struct Runs {
    runs: Vec<Run>,
    /// The first block that is not accounted for.
    end: u64,
}

impl Runs {
    /// Adds blocks behind all others.
    pub(super) fn push(&mut self, run: Run, blocks_of_filesystem: u64) -> Result<(), Problem> {
        let end = run.place.checked_add(run.blocks);
        ensure(
            run.place > 0 && end.is_some_and(|end| end <= blocks_of_filesystem),
            "a block of it lies outside of the filesystem",
        )?;
        self.skip(run.logical, run.blocks)?;
        match self.runs.last_mut() {
            Some(last)
                if last.logical + last.blocks == run.logical
                    && last.place + last.blocks == run.place =>
            {
                last.blocks += run.blocks;
            }
            _ => self.runs.push(run),
        }
        Ok(())
    }

    /// Accounts for blocks that are zeros.
    pub(super) fn skip(&mut self, logical: u64, blocks: u64) -> Result<(), Problem> {
        let end = logical.checked_add(blocks);
        ensure(logical >= self.end && blocks > 0, "its blocks are not in order")?;
        self.end = end.ok_or(Problem::Damaged("it has too many blocks"))?;
        Ok(())
    }

    pub(super) fn into_vec(self) -> Vec<Run> {
        self.runs
    }
}
