//! Carries a plan out: what describes the groups, then contents in order, by several threads.

mod chunks;
mod groups;
mod inodes;
mod turns;

use std::sync::{Mutex, PoisonError};
use std::thread;

use tree::PartReader;
use volume::Volume;

use crate::checksum::Checksum;
use crate::error::Error;
use crate::format::{BLOCK, BLOCK_BYTES};
use crate::plan::Plan;
use chunks::Chunk;
use turns::Turns;

/// More threads do not copy faster.
const THREADS_MAX: usize = 4;

pub(crate) fn write(plan: &Plan, volume: &dyn Volume) -> Result<(), Error> {
    let writer = Writer { plan, volume, seed: Checksum::of_filesystem(&plan.options.uuid) };
    writer.write_groups()?;
    writer.write_pieces()
}

/// Knows the plan and where it is carried out.
struct Writer<'a> {
    plan: &'a Plan<'a>,
    volume: &'a dyn Volume,
    seed: Checksum,
}

impl Writer<'_> {
    /// Writes inode tables and everything that was allocated.
    fn write_pieces(&self) -> Result<(), Error> {
        let mut pieces = self.inode_tables();
        pieces.extend_from_slice(&self.plan.allocation.pieces);
        // A volume may be read while it is written, and what is behind is final.
        pieces.sort_by_key(|piece| piece.place);
        let chunks = chunks::divide(&pieces);
        for run in chunks::runs(&chunks) {
            let bytes = (run.end - run.start) * BLOCK_BYTES;
            self.volume.reserve(bytes, run.start * BLOCK_BYTES).map_err(Error::Write)?;
        }
        let threads = self.plan.options.threads.get().min(THREADS_MAX);
        let turns = Turns::default();
        let failure: Mutex<Option<(usize, Error)>> = Mutex::new(None);
        let work = || {
            let mut source = PartReader::default();
            let mut buffer = Vec::new();
            while let Some(number) = turns.take(chunks.len()) {
                if let Err(error) = self.write_chunk(&chunks[number], &mut buffer, &mut source) {
                    turns.stop();
                    let mut failure = failure.lock().unwrap_or_else(PoisonError::into_inner);
                    if failure.as_ref().is_none_or(|(first, _)| number < *first) {
                        *failure = Some((number, error));
                    }
                }
                if let Some(chunk) = chunks.get(turns.done(number)) {
                    self.volume.settle(chunk.place() * BLOCK_BYTES);
                }
            }
        };
        thread::scope(|scope| {
            for _ in 1..threads.min(chunks.len()) {
                scope.spawn(work);
            }
            work();
        });
        let failure = failure.into_inner().unwrap_or_else(PoisonError::into_inner);
        failure.map_or(Ok(()), |(_, error)| Err(error))
    }

    fn write_chunk(
        &self,
        chunk: &Chunk,
        buffer: &mut Vec<u8>,
        source: &mut PartReader,
    ) -> Result<(), Error> {
        buffer.resize(chunk.blocks() as usize * BLOCK, 0);
        let mut rest = buffer.as_mut_slice();
        for piece in &chunk.pieces {
            let (part, after) = rest.split_at_mut(piece.blocks as usize * BLOCK);
            self.fill(piece, part, source)?;
            rest = after;
        }
        let place = chunk.place() * BLOCK_BYTES;
        self.volume.write_once(buffer, place).map_err(Error::Write)
    }

    fn put(&self, bytes: &[u8], place: u64) -> Result<(), Error> {
        self.volume.write_at(bytes, place * BLOCK_BYTES).map_err(Error::Write)
    }
}
