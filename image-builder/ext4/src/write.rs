//! Carries a plan out: contents by several threads, then what describes the groups.

mod chunks;
mod content;
mod groups;
mod inodes;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use volume::Volume;

use crate::checksum::Checksum;
use crate::error::Error;
use crate::format::{BLOCK, BLOCK_BYTES};
use crate::plan::Plan;
use chunks::Chunk;
use content::ContentSource;

/// More threads do not copy faster.
const THREADS_MAX: usize = 4;

pub(crate) fn write(plan: &Plan, volume: &dyn Volume) -> Result<(), Error> {
    let writer = Writer { plan, volume, seed: Checksum::of_filesystem(&plan.options.uuid) };
    writer.write_pieces()?;
    writer.write_groups()
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
        let chunks = chunks::divide(&pieces);
        let threads = thread::available_parallelism().map_or(1, usize::from).min(THREADS_MAX);
        let next = AtomicUsize::new(0);
        let failure: Mutex<Option<(usize, Error)>> = Mutex::new(None);
        let work = || {
            let mut source = ContentSource::default();
            let mut buffer = Vec::new();
            loop {
                let number = next.fetch_add(1, Ordering::Relaxed);
                let Some(chunk) = chunks.get(number) else { break };
                if let Err(error) = self.write_chunk(chunk, &mut buffer, &mut source) {
                    next.store(chunks.len(), Ordering::Relaxed);
                    let mut failure = failure.lock().unwrap_or_else(|broken| broken.into_inner());
                    if failure.as_ref().is_none_or(|(first, _)| number < *first) {
                        *failure = Some((number, error));
                    }
                }
            }
        };
        thread::scope(|scope| {
            for _ in 1..threads.min(chunks.len()) {
                scope.spawn(work);
            }
            work();
        });
        let failure = failure.into_inner().unwrap_or_else(|broken| broken.into_inner());
        failure.map_or(Ok(()), |(_, error)| Err(error))
    }

    fn write_chunk(
        &self,
        chunk: &Chunk,
        buffer: &mut Vec<u8>,
        source: &mut ContentSource,
    ) -> Result<(), Error> {
        buffer.resize(chunk.blocks() as usize * BLOCK, 0);
        let mut rest = buffer.as_mut_slice();
        for piece in &chunk.pieces {
            let (part, after) = rest.split_at_mut(piece.blocks as usize * BLOCK);
            self.fill(piece, part, source)?;
            rest = after;
        }
        self.put(buffer, chunk.place())
    }

    fn put(&self, bytes: &[u8], place: u64) -> Result<(), Error> {
        self.volume.write_at(bytes, place * BLOCK_BYTES).map_err(Error::Write)
    }
}
