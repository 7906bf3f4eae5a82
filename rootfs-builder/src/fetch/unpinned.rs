//! Files whose digest no index says: it says how long they are and proves a part of them.

use std::path::{Path, PathBuf};

use super::cancel::Cancel;
use super::download::{Proof, Session};
use super::pool::{self, Wanted};
use super::{FetchError, Fetcher};
use crate::digest::Digest;
use crate::progress::Progress;
use crate::store::{BlobId, Shelf, Store, StoreError};

/// Says what is wrong with a file, if it is not what it has to be.
pub type Check<'a> = dyn Fn(&Path) -> Result<(), String> + Sync + 'a;

/// A file to fetch whose digest is not known yet.
pub struct UnpinnedRequest<'a> {
    /// What to call it before users.
    pub name: String,
    /// Where it may be: addresses or paths, the first choice first.
    pub candidates: Vec<String>,
    /// How long it is.
    pub size: u64,
    /// What is to be proved, in words that mean no other file.
    pub proof: String,
    /// Proves it.
    pub check: Box<Check<'a>>,
}

impl Fetcher {
    /// Brings every file into the store and says what each is, in the order of the requests.
    ///
    /// `on_ready` is called as soon as a file is there; what was proved once is remembered.
    pub fn fetch_unpinned<E: From<FetchError> + From<StoreError> + Send>(
        &self,
        store: &Store,
        requests: &[UnpinnedRequest<'_>],
        progress: &dyn Progress,
        on_ready: impl Fn(usize, BlobId) -> Result<(), E> + Sync,
    ) -> Result<Vec<BlobId>, E> {
        let cancel = Cancel::default();
        let session = Session { fetcher: self, store, progress, cancel: &cancel };
        pool::run(session, requests, |index, _| {
            let known = requests[index].known(store)?;
            let id = known.ok_or(FetchError::Cancelled)?;
            on_ready(index, id).map(|()| id)
        })
    }
}

impl UnpinnedRequest<'_> {
    fn key(&self) -> Digest {
        Digest::of(format!("proof {} {}", self.size, self.proof))
    }

    /// What the file was when it was proved before.
    fn known(&self, store: &Store) -> Result<Option<BlobId>, StoreError> {
        let record = store.read_record(Shelf::Proofs, self.key())?;
        let digest = record.and_then(|record| String::from_utf8(record).ok()?.parse().ok());
        Ok(digest.map(|sha256| BlobId { size: self.size, sha256 }))
    }
}

impl Wanted for UnpinnedRequest<'_> {
    fn name(&self) -> &str {
        &self.name
    }

    fn size(&self) -> u64 {
        self.size
    }

    fn find(&self, store: &Store) -> Result<Option<PathBuf>, StoreError> {
        match self.known(store)? {
            Some(id) => store.get(Shelf::Blobs, id),
            None => Ok(None),
        }
    }

    fn addresses(&self) -> impl Iterator<Item = &String> {
        self.candidates.iter()
    }

    fn bring(&self, session: Session<'_>) -> Result<PathBuf, FetchError> {
        let proof = Proof::Check { size: self.size, check: &*self.check };
        let incoming = session.transfer(&self.name, &self.candidates, &proof)?;
        let id = incoming.id();
        let path = incoming.keep(Shelf::Blobs, id)?;
        let digest = id.sha256.to_string();
        session.store.write_record(Shelf::Proofs, self.key(), digest.as_bytes())?;
        Ok(path)
    }
}
