//! Carries a plan out: several threads write inodes with all that is theirs, chunk by chunk.

mod attributes;
mod batch;
mod data;
mod directory;
mod groups;
mod index;
mod inode;
mod runs;

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use tree::PartReader;
use volume::Volume;

use crate::error::Error;
use crate::plan::Plan;
use batch::Batch;

pub(crate) fn write(plan: &Plan<'_>, volume: &dyn Volume) -> Result<(), Error> {
    let (next, has_failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let work = || {
        let done = write_chunks(plan, volume, &next, &has_failed);
        has_failed.fetch_or(done.is_err(), Ordering::Relaxed);
        done
    };
    let threads = plan.options.threads.get().min(plan.placement.chunks.len());
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(work)).collect();
        let ours = work();
        others.into_iter().fold(ours, |done, thread| {
            done.and(thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
        })
    })?;
    groups::write(plan, volume)
}

/// Writes the chunks that nobody else took, until one fails.
fn write_chunks(
    plan: &Plan<'_>,
    volume: &dyn Volume,
    next: &AtomicUsize,
    has_failed: &AtomicBool,
) -> Result<(), Error> {
    let mut batch = Batch::new(volume);
    let mut source = PartReader::default();
    while !has_failed.load(Ordering::Relaxed) {
        let chunk = next.fetch_add(1, Ordering::Relaxed);
        if chunk >= plan.placement.chunks.len() {
            break;
        }
        batch.append(plan.placement.chunks[chunk], &inode::chunk(plan, chunk))?;
        for inode in inode::of_chunk(plan, chunk) {
            data::write(plan, inode, &mut source, &mut batch)?;
        }
    }
    batch.finish()
}
