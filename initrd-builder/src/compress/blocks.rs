//! Cuts bytes into blocks of one size, compresses several at once, and writes them in order.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::num::NonZeroUsize;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Mutex, PoisonError};

use super::affordable;
use crate::compression::Compression;
use crate::error::Error;

/// A format whose blocks are compressed apart from each other.
pub(super) trait Format: Copy + Send {
    const COMPRESSION: Compression;
    /// How many bytes a block has.
    const BLOCK_BYTES: usize;
    /// How many bytes before a block it may refer to.
    const HISTORY_BYTES: usize;
    /// How much memory each thread takes: measured, with the blocks that wait before and after.
    const THREAD_BYTES: usize;
    /// What begins the data.
    const HEADER: &'static [u8];
    /// What the end of the data must tell about all blocks.
    type Summary: Default + Send;

    fn compress(self, block: &Block) -> io::Result<(Vec<u8>, Self::Summary)>;
    fn combine(total: &mut Self::Summary, next: &Self::Summary);
    fn trailer(total: &Self::Summary) -> Vec<u8>;
}

/// The bytes of a block behind those that come before it.
pub(super) struct Block {
    bytes: Vec<u8>,
    history: usize,
    pub(super) is_last: bool,
}

impl Block {
    /// What came before.
    pub(super) fn history(&self) -> &[u8] {
        &self.bytes[..self.history]
    }

    /// What is to be compressed.
    pub(super) fn data(&self) -> &[u8] {
        &self.bytes[self.history..]
    }
}

type Job = (u64, Block);
type Done<F> = io::Result<(u64, Vec<u8>, <F as Format>::Summary)>;

/// Compresses to `output` what `fill` writes.
pub(super) fn compress<F: Format>(
    format: F,
    threads: NonZeroUsize,
    output: &mut dyn Write,
    fill: impl FnOnce(&mut dyn Write) -> Result<(), Error>,
) -> Result<(), Error> {
    let threads = affordable(threads, F::THREAD_BYTES);
    let (to_workers, jobs) = sync_channel(threads);
    let (results, from_workers) = sync_channel(threads * 2);
    let jobs = Mutex::new(jobs);
    std::thread::scope(|scope| {
        let jobs = &jobs;
        for _ in 0..threads {
            let results = results.clone();
            scope.spawn(move || work(format, jobs, &results));
        }
        drop(results);
        let mut blocks = Blocks::<F> {
            output,
            pending: Block { bytes: Vec::new(), history: 0, is_last: false },
            sent: 0,
            written: 0,
            in_flight_max: threads as u64 * 2,
            to_workers,
            from_workers,
            early: BTreeMap::new(),
            total: F::Summary::default(),
            has_failed: false,
        };
        let failed = |source| Error::Compress { compression: F::COMPRESSION, source };
        blocks.output.write_all(F::HEADER).map_err(failed)?;
        fill(&mut blocks)?;
        blocks.finish().map_err(failed)
    })
}

/// Takes jobs until there are none, or nobody wants the results.
fn work<F: Format>(format: F, jobs: &Mutex<Receiver<Job>>, results: &SyncSender<Done<F>>) {
    loop {
        // A thread that panicked held no job half taken.
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((number, block)) = job else { return };
        let done = format.compress(&block).map(|(bytes, summary)| (number, bytes, summary));
        if results.send(done).is_err() {
            return;
        }
    }
}

struct Blocks<'a, F: Format> {
    output: &'a mut dyn Write,
    pending: Block,
    sent: u64,
    written: u64,
    in_flight_max: u64,
    to_workers: SyncSender<Job>,
    from_workers: Receiver<Done<F>>,
    early: BTreeMap<u64, (Vec<u8>, F::Summary)>,
    total: F::Summary,
    /// Whoever buffers before this writes once more after an error, and would wait for a block
    /// that was lost with it.
    has_failed: bool,
}

impl<F: Format> Blocks<'_, F> {
    fn send(&mut self) -> io::Result<()> {
        while self.sent - self.written >= self.in_flight_max {
            self.take_one()?;
        }
        let bytes = &self.pending.bytes;
        let history = &bytes[bytes.len().saturating_sub(F::HISTORY_BYTES)..];
        let mut next = Vec::with_capacity(history.len() + F::BLOCK_BYTES);
        next.extend_from_slice(history);
        let next = Block { history: next.len(), bytes: next, is_last: false };
        let block = std::mem::replace(&mut self.pending, next);
        self.to_workers.send((self.sent, block)).map_err(|_| gone())?;
        self.sent += 1;
        Ok(())
    }

    /// Waits for one compressed block and writes all that are next in order.
    fn take_one(&mut self) -> io::Result<()> {
        let (number, bytes, summary) = self.from_workers.recv().map_err(|_| gone())??;
        self.early.insert(number, (bytes, summary));
        while let Some((bytes, summary)) = self.early.remove(&self.written) {
            self.output.write_all(&bytes)?;
            F::combine(&mut self.total, &summary);
            self.written += 1;
        }
        Ok(())
    }

    fn finish(mut self) -> io::Result<()> {
        self.pending.is_last = true;
        self.send()?;
        while self.written < self.sent {
            self.take_one()?;
        }
        self.output.write_all(&F::trailer(&self.total))
    }
}

impl<F: Format> Write for Blocks<'_, F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.has_failed {
            return Err(gone());
        }
        if self.pending.data().len() == F::BLOCK_BYTES {
            self.send().inspect_err(|_| self.has_failed = true)?;
        }
        let count = bytes.len().min(F::BLOCK_BYTES - self.pending.data().len());
        self.pending.bytes.extend_from_slice(&bytes[..count]);
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn gone() -> io::Error {
    io::Error::other("the compressing threads are gone")
}
