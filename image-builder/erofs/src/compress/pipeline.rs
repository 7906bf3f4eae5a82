//! Segments go to several threads, and what becomes of them comes back in order.

use std::collections::BTreeMap;
use std::io;
use std::num::NonZeroUsize;
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Mutex, PoisonError};

use crate::compress::Segment;
use crate::compress::segment::{Made, Worker};
use crate::error::Error;

/// How many segments for each thread may wait to be taken in order.
const AHEAD: usize = 2;

type Done = (usize, Result<Made, Error>);

/// Compresses all segments, and gives each result to `take` in the order of the segments.
pub(super) fn run<'a>(
    threads: NonZeroUsize,
    segments: &[Segment],
    worker: &(impl Fn() -> io::Result<Worker<'a>> + Sync),
    mut take: impl FnMut(Segment, Made) -> Result<(), Error>,
) -> Result<(), Error> {
    let (todo, waiting) = mpsc::channel();
    let waiting = Mutex::new(waiting);
    std::thread::scope(|scope| {
        // Dropped when this returns, so that the threads end.
        let todo = todo;
        let (done, results) = mpsc::channel();
        for _ in 0..threads.get().min(segments.len()) {
            let (done, waiting) = (done.clone(), &waiting);
            let worker = worker().map_err(Error::Output)?;
            scope.spawn(move || work(segments, waiting, &done, worker));
        }
        drop(done);
        let (mut sent, mut early) = (0, BTreeMap::new());
        for (number, segment) in segments.iter().enumerate() {
            while sent < segments.len().min(number + threads.get() * AHEAD) {
                todo.send(sent).map_err(|_| gone())?;
                sent += 1;
            }
            let made = receive(&results, &mut early, number)?;
            take(*segment, made)?;
        }
        Ok(())
    })
}

/// Waits for the result of one segment, and keeps others that come before it.
fn receive(
    results: &Receiver<Done>,
    early: &mut BTreeMap<usize, Result<Made, Error>>,
    number: usize,
) -> Result<Made, Error> {
    loop {
        if let Some(made) = early.remove(&number) {
            return made;
        }
        let (other, made) = results.recv().map_err(|_| gone())?;
        early.insert(other, made);
    }
}

fn gone() -> Error {
    Error::Output(io::Error::other("a compressing thread ended early"))
}

fn work(
    segments: &[Segment],
    waiting: &Mutex<Receiver<usize>>,
    done: &Sender<Done>,
    mut worker: Worker,
) {
    loop {
        let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(number) = next else { return };
        let made = worker.compress(segments[number]);
        if done.send((number, made)).is_err() {
            return;
        }
    }
}
