//! Gzip with several threads: the output is cut into members at fixed distances, so it depends on
//! the input alone and not on how many threads there are.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;

use flate2::{Compression, GzBuilder};

/// Every reader must accept a file of several members (RFC 1952, 2.2).
const MEMBER_BYTES: usize = 1 << 20;

const LEVEL: u32 = 6;

type Numbered = (u64, Vec<u8>);

/// Compresses what is written to it.
pub(super) struct ParallelGzip<W> {
    output: W,
    pending: Vec<u8>,
    sent: u64,
    written: u64,
    limit: u64,
    to_workers: Option<SyncSender<Numbered>>,
    from_workers: Receiver<io::Result<Numbered>>,
    early: BTreeMap<u64, Vec<u8>>,
    workers: Vec<JoinHandle<()>>,
}

impl<W: Write> ParallelGzip<W> {
    /// Starts `threads` workers.
    pub(super) fn new(output: W, threads: usize) -> Self {
        let limit = threads.max(1) * 2;
        let (to_workers, jobs) = sync_channel::<Numbered>(limit);
        let (results, from_workers) = sync_channel(limit * 2);
        let jobs = Arc::new(Mutex::new(jobs));
        let workers = (0..threads.max(1))
            .map(|_| {
                let (jobs, results) = (Arc::clone(&jobs), results.clone());
                std::thread::spawn(move || work(&jobs, &results))
            })
            .collect();
        Self {
            output,
            pending: Vec::with_capacity(MEMBER_BYTES),
            sent: 0,
            written: 0,
            limit: limit as u64,
            to_workers: Some(to_workers),
            from_workers,
            early: BTreeMap::new(),
            workers,
        }
    }

    /// Writes what is left and gives the output back.
    pub(super) fn finish(mut self) -> io::Result<W> {
        if !self.pending.is_empty() || self.sent == 0 {
            self.send()?;
        }
        self.to_workers = None;
        while self.written < self.sent {
            self.take_one()?;
        }
        for worker in self.workers.drain(..) {
            worker.join().map_err(|_| io::Error::other("a compressing thread panicked"))?;
        }
        Ok(self.output)
    }

    fn send(&mut self) -> io::Result<()> {
        // Members that nobody has taken yet are memory.
        while self.sent - self.written >= self.limit {
            self.take_one()?;
        }
        let member = std::mem::replace(&mut self.pending, Vec::with_capacity(MEMBER_BYTES));
        let gone = || io::Error::other("the compressing threads are gone");
        let sender = self.to_workers.as_ref().ok_or_else(gone)?;
        sender.send((self.sent, member)).map_err(|_| gone())?;
        self.sent += 1;
        Ok(())
    }

    /// Waits for one compressed member and writes all that are next in order.
    fn take_one(&mut self) -> io::Result<()> {
        let (number, member) = self
            .from_workers
            .recv()
            .map_err(|_| io::Error::other("the compressing threads are gone"))??;
        self.early.insert(number, member);
        while let Some(member) = self.early.remove(&self.written) {
            self.output.write_all(&member)?;
            self.written += 1;
        }
        Ok(())
    }
}

impl<W: Write> Write for ParallelGzip<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = bytes.len().min(MEMBER_BYTES - self.pending.len());
        self.pending.extend_from_slice(&bytes[..count]);
        if self.pending.len() == MEMBER_BYTES {
            self.send()?;
        }
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn work(jobs: &Mutex<Receiver<Numbered>>, results: &SyncSender<io::Result<Numbered>>) {
    loop {
        // A thread that panicked held no job half taken.
        let job = jobs.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok((number, bytes)) = job else { return };
        let compressed = compress(&bytes).map(|member| (number, member));
        if results.send(compressed).is_err() {
            return;
        }
    }
}

fn compress(bytes: &[u8]) -> io::Result<Vec<u8>> {
    // No name and no time: the header is the same on every machine.
    let mut encoder = GzBuilder::new().write(Vec::new(), Compression::new(LEVEL));
    encoder.write_all(bytes)?;
    encoder.finish()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn compressed(bytes: &[u8], threads: usize) -> Vec<u8> {
        let mut gzip = ParallelGzip::new(Vec::new(), threads);
        gzip.write_all(bytes).unwrap();
        gzip.finish().unwrap()
    }

    #[test]
    fn any_number_of_threads_gives_the_same_bytes() {
        let bytes: Vec<u8> = (0..5_000_000u32).map(|n| (n.wrapping_mul(n) >> 7) as u8).collect();
        let one = compressed(&bytes, 1);
        assert_eq!(one, compressed(&bytes, 4));
        let mut read = Vec::new();
        flate2::read::MultiGzDecoder::new(&one[..]).read_to_end(&mut read).unwrap();
        assert_eq!(read, bytes);
    }

    #[test]
    fn nothing_is_one_empty_member() {
        let mut read = Vec::new();
        flate2::read::MultiGzDecoder::new(&compressed(b"", 2)[..]).read_to_end(&mut read).unwrap();
        assert!(read.is_empty());
    }
}
