//! The one door to the network: mirrors, retries, resuming, and digests checked as bytes arrive.

mod address;
mod body;
mod cancel;
mod document;
mod download;
mod error;
mod http;
mod index;
mod options;
mod pool;
mod proxy;
mod resolver;
mod retry;
#[cfg(test)]
mod tests;
mod unpinned;

use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::progress::Progress;
use crate::store::{BlobId, Shelf, Store};

pub use address::join;
use cancel::Cancel;
pub use document::{Document, DocumentRequest};
use download::Session;
pub use error::FetchError;
use http::Agents;
pub use index::{IndexForm, IndexRequest};
pub use options::FetchOptions;
pub use unpinned::{Check, UnpinnedRequest};

/// A file to fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// What to call it before users.
    pub name: String,
    /// Where it may be: addresses or paths, the first choice first.
    pub candidates: Vec<String>,
    /// What it must be.
    pub id: BlobId,
    /// Where the store keeps it.
    pub shelf: Shelf,
}

/// Fetches files from servers and directories.
#[derive(Debug)]
pub struct Fetcher {
    options: FetchOptions,
    agents: Mutex<Agents>,
}

impl Fetcher {
    /// Makes a fetcher; nothing is reached yet.
    pub fn new(options: FetchOptions) -> Result<Self, FetchError> {
        let agents = Mutex::new(Agents::new(&options)?);
        Ok(Self { options, agents })
    }

    /// Brings every file into the store, several at a time and the largest first.
    ///
    /// `on_ready` is called with the request's position and the file's path as soon as the file
    /// is there, in threads of its own, so that downloads go on meanwhile. The first failure of
    /// a download or of `on_ready` ends everything. Results come in the order of the requests.
    pub fn fetch_all<T, E>(
        &self,
        store: &Store,
        requests: &[Request],
        progress: &dyn Progress,
        on_ready: impl Fn(usize, &Path) -> Result<T, E> + Sync,
    ) -> Result<Vec<T>, E>
    where
        T: Send,
        E: From<FetchError> + Send,
    {
        let cancel = Cancel::default();
        let session = Session { fetcher: self, store, progress, cancel: &cancel };
        pool::run(session, requests, |index, path| on_ready(index, path))
    }

    fn agents(&self) -> Agents {
        self.lock_agents().clone()
    }

    /// Breaks off all transfers; later ones use new connections.
    fn break_off(&self) {
        if let Ok(fresh) = Agents::new(&self.options) {
            let old = std::mem::replace(&mut *self.lock_agents(), fresh);
            old.shut_down();
        }
    }

    fn pause(&self, duration: Duration, cancel: &Cancel) {
        match &self.options.pause {
            Some(pause) => pause(duration),
            None => cancel.wait(duration),
        }
    }

    // Agents are replaced whole, so a thread that panicked cannot leave half of them.
    fn lock_agents(&self) -> MutexGuard<'_, Agents> {
        self.agents.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
