#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod documents;
mod faults;
mod indexes;
mod many;
mod proxies;
mod refusals;
mod server;
mod unpinned;

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;

use self::server::{Answer, Fault, Server};
use super::*;
use crate::digest::Digest;
use crate::progress::{Event, Silent};

/// A store, and a fetcher that notes its pauses in place of waiting.
struct World {
    _directory: TempDir,
    store: Store,
    fetcher: Fetcher,
    pauses: Arc<Mutex<Vec<Duration>>>,
}

impl World {
    fn new() -> Self {
        Self::with(|_| {})
    }

    fn with(change: impl FnOnce(&mut FetchOptions)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path().join("store")).unwrap();
        let pauses: Arc<Mutex<Vec<Duration>>> = Arc::default();
        let noted = pauses.clone();
        let mut options = FetchOptions {
            pause: Some(Arc::new(move |pause| noted.lock().unwrap().push(pause))),
            ..FetchOptions::default()
        };
        change(&mut options);
        let fetcher = Fetcher::new(options).unwrap();
        Self { _directory: directory, store, fetcher, pauses }
    }

    /// Fetches one file and returns its bytes.
    fn fetch(&self, request: Request) -> Result<Vec<u8>, FetchError> {
        let mut all = self.fetch_all(&[request])?;
        Ok(all.pop().unwrap())
    }

    fn fetch_all(&self, requests: &[Request]) -> Result<Vec<Vec<u8>>, FetchError> {
        self.fetcher
            .fetch_all(&self.store, requests, &Silent, |_, path| Ok(fs_err::read(path).unwrap()))
    }

    /// How long the fetcher would have waited, in milliseconds.
    fn pauses(&self) -> Vec<u128> {
        self.pauses.lock().unwrap().iter().map(Duration::as_millis).collect()
    }

    fn assert_empty(&self) {
        let info = self.store.info().unwrap();
        assert!(info.shelves.iter().all(|shelf| shelf.entries == 0), "{info:?}");
    }
}

fn request(candidates: &[&str], bytes: &[u8]) -> Request {
    Request {
        name: "package".to_string(),
        candidates: candidates.iter().map(ToString::to_string).collect(),
        id: BlobId { size: bytes.len() as u64, sha256: Digest::of(bytes) },
        shelf: Shelf::Blobs,
    }
}

/// The failure of the last address, out of the error that counts the addresses.
fn inner(error: FetchError) -> FetchError {
    match error {
        FetchError::Exhausted { source, .. } => *source,
        other => other,
    }
}

fn sample(length: usize) -> Vec<u8> {
    (0..length).map(|index| (index * 7 + index / 251) as u8).collect()
}
