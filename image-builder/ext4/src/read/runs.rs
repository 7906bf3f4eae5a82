//! Where the blocks of a file are, put together from either form on disk.

use std::collections::HashSet;

use super::problem::{Problem, ensure};

/// Blocks that follow each other in a file and on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) logical: u64,
    pub(super) physical: u64,
    pub(super) blocks: u64,
}

/// The runs of one file, in order.
#[derive(Debug, Default)]
pub(super) struct Runs {
    runs: Vec<Run>,
    /// The first block that is not accounted for.
    end: u64,
}

/// Blocks that belong to one file or directory alone.
///
/// As no such block counts twice, no image can make its reader do more than its size allows.
#[derive(Debug, Default)]
pub(super) struct Claims(HashSet<u64>);

impl Runs {
    /// Adds blocks behind all others.
    pub(super) fn push(&mut self, run: Run, blocks_of_filesystem: u64) -> Result<(), Problem> {
        let end = run.physical.checked_add(run.blocks);
        ensure(
            run.physical > 0 && end.is_some_and(|end| end <= blocks_of_filesystem),
            "a block of it lies outside of the filesystem",
        )?;
        self.skip(run.logical, run.blocks)?;
        match self.runs.last_mut() {
            Some(last)
                if last.logical + last.blocks == run.logical
                    && last.physical + last.blocks == run.physical =>
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

impl Claims {
    pub(super) fn claim(&mut self, block: u64) -> Result<(), Problem> {
        ensure(self.0.insert(block), "a block of it belongs to something else too")
    }
}
