//! Many files at once: threads that download, and threads that work on what has arrived.

use std::cmp::Reverse;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

use super::address::Place;
use super::download::Session;
use super::{FetchError, Request};
use crate::progress::Event;
use crate::store::{Store, StoreError};

/// A file that has arrived, by its request's position.
type Arrival = (usize, PathBuf);

/// Something that the store may lack.
pub(super) trait Wanted: Sync {
    fn name(&self) -> &str;
    /// How many bytes have to come.
    fn size(&self) -> u64;
    fn find(&self, store: &Store) -> Result<Option<PathBuf>, StoreError>;
    fn addresses(&self) -> impl Iterator<Item = &String>;
    fn bring(&self, session: Session<'_>) -> Result<PathBuf, FetchError>;
}

impl Wanted for Request {
    fn name(&self) -> &str {
        &self.name
    }

    fn size(&self) -> u64 {
        self.id.size
    }

    fn find(&self, store: &Store) -> Result<Option<PathBuf>, StoreError> {
        store.get(self.shelf, self.id)
    }

    fn addresses(&self) -> impl Iterator<Item = &String> {
        self.candidates.iter()
    }

    fn bring(&self, session: Session<'_>) -> Result<PathBuf, FetchError> {
        session.download(self)
    }
}

/// Brings what the store lacks and hands each file to `on_ready`; see `Fetcher::fetch_all`.
pub(super) fn run<T, E>(
    session: Session<'_>,
    requests: &[impl Wanted],
    on_ready: impl Fn(usize, &Path) -> Result<T, E> + Sync,
) -> Result<Vec<T>, E>
where
    T: Send,
    E: From<FetchError> + Send,
{
    let (present, missing) = sort_out(session, requests)?;
    let options = &session.fetcher.options;
    let job = Job {
        session,
        requests,
        missing: &missing,
        next: AtomicUsize::new(0),
        results: Mutex::new(requests.iter().map(|_| None).collect()),
        failure: Mutex::new(None),
        on_ready,
    };
    let (arrived, arrivals) = channel();
    for arrival in present {
        // The receiver lives until the end of this function.
        let _ = arrived.send(arrival);
    }
    let arrivals = Mutex::new(arrivals);
    thread::scope(|scope| {
        for _ in 0..options.connections.max(1).min(missing.len()) {
            let arrived = arrived.clone();
            scope.spawn(|| job.download_missing(arrived));
        }
        drop(arrived);
        for _ in 0..options.workers.max(1).min(requests.len()) {
            scope.spawn(|| job.work(&arrivals));
        }
    });
    job.finish()
}

/// Tells the files that are in the store from those to download, both the largest first.
fn sort_out(
    session: Session<'_>,
    requests: &[impl Wanted],
) -> Result<(Vec<Arrival>, Vec<usize>), FetchError> {
    let mut order: Vec<usize> = (0..requests.len()).collect();
    order.sort_by_key(|index| Reverse(requests[*index].size()));
    let mut present = Vec::new();
    let mut missing = Vec::new();
    for index in order {
        match requests[index].find(session.store)? {
            Some(path) => present.push((index, path)),
            None => missing.push(index),
        }
    }
    if session.fetcher.options.offline {
        refuse_servers(requests, &missing)?;
    }
    if !missing.is_empty() {
        let bytes = missing.iter().map(|index| requests[*index].size()).sum();
        session.progress.report(Event::DownloadPlanned { items: missing.len(), bytes });
    }
    Ok((present, missing))
}

/// Refuses, naming all of them, files that only a server could give.
fn refuse_servers(requests: &[impl Wanted], missing: &[usize]) -> Result<(), FetchError> {
    let missing: Vec<String> = missing
        .iter()
        .map(|index| &requests[*index])
        .filter(|request| request.addresses().all(|address| Place::is_server(address)))
        .map(|request| request.name().to_string())
        .collect();
    match missing.is_empty() {
        true => Ok(()),
        false => Err(FetchError::Offline { missing }),
    }
}

/// What the threads of one fetch share.
struct Job<'a, W, T, E, F> {
    session: Session<'a>,
    requests: &'a [W],
    missing: &'a [usize],
    next: AtomicUsize,
    results: Mutex<Vec<Option<T>>>,
    failure: Mutex<Option<E>>,
    on_ready: F,
}

impl<W, T, E, F> Job<'_, W, T, E, F>
where
    W: Wanted,
    E: From<FetchError>,
    F: Fn(usize, &Path) -> Result<T, E>,
{
    fn download_missing(&self, arrived: Sender<Arrival>) {
        while let Some(index) = self.missing.get(self.next.fetch_add(1, Ordering::Relaxed)) {
            if self.session.cancel.is_set() {
                return;
            }
            match self.requests[*index].bring(self.session) {
                // The receiver outlives every sender.
                Ok(path) => drop(arrived.send((*index, path))),
                Err(error) => return self.fail(error.into()),
            }
        }
    }

    fn work(&self, arrivals: &Mutex<Receiver<Arrival>>) {
        loop {
            let arrival = lock(arrivals).recv();
            let Ok((index, path)) = arrival else { return };
            if self.session.cancel.is_set() {
                return;
            }
            match (self.on_ready)(index, &path) {
                Ok(result) => lock(&self.results)[index] = Some(result),
                Err(error) => return self.fail(error),
            }
            let item = self.requests[index].name();
            self.session.progress.report(Event::ItemDone { item });
        }
    }

    /// Keeps the first failure and ends everything else.
    fn fail(&self, error: E) {
        let mut failure = lock(&self.failure);
        if failure.is_none() {
            *failure = Some(error);
            self.session.cancel.set();
            self.session.fetcher.break_off();
        }
    }

    fn finish(self) -> Result<Vec<T>, E> {
        if let Some(error) = into_inner(self.failure) {
            return Err(error);
        }
        let results: Option<Vec<T>> = into_inner(self.results).into_iter().collect();
        // Without a failure every request has a result.
        results.ok_or_else(|| FetchError::Cancelled.into())
    }
}

// What the locks guard is whole at any time, whatever a panicking thread was doing.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn into_inner<T>(mutex: Mutex<T>) -> T {
    mutex.into_inner().unwrap_or_else(PoisonError::into_inner)
}
