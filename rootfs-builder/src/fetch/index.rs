//! Package indexes: compressed on the servers, kept plain in the store.

use std::io::BufReader;
use std::path::{Path, PathBuf};

use super::cancel::Cancel;
use super::download::{Session, local_error};
use super::pool::{self, Wanted};
use super::{FetchError, Fetcher, Request};
use crate::decompress::{Compression, DecompressError, decompress};
use crate::progress::Progress;
use crate::store::{BlobId, Shelf, Store, StoreError};

const BUFFER_BYTES: usize = 256 * 1024;

/// An index to fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexRequest {
    /// What to call it before users.
    pub name: String,
    /// What the plain index must be.
    pub plain: BlobId,
    /// The forms that the repository offers, in any order.
    pub forms: Vec<IndexForm>,
}

/// One form of an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexForm {
    /// How it is compressed.
    pub compression: Compression,
    /// What the file on the server must be.
    pub packed: BlobId,
    /// Where it may be: addresses or paths, the first choice first.
    pub candidates: Vec<String>,
}

impl Fetcher {
    /// Brings plain indexes into the store and returns their paths, in the order of the requests.
    ///
    /// Of several forms, the one that is quickest to decompress is taken, and the next one where
    /// no address has it.
    pub fn fetch_indexes(
        &self,
        store: &Store,
        requests: &[IndexRequest],
        progress: &dyn Progress,
    ) -> Result<Vec<PathBuf>, FetchError> {
        let cancel = Cancel::default();
        let session = Session { fetcher: self, store, progress, cancel: &cancel };
        pool::run(session, requests, |_, path| Ok(path.to_path_buf()))
    }
}

impl IndexRequest {
    /// The forms, the best first.
    fn ordered(&self) -> Vec<&IndexForm> {
        let mut forms: Vec<&IndexForm> = self.forms.iter().collect();
        // Repositories list plain indexes that their servers do not have.
        forms.sort_by_key(|form| (form.compression == Compression::None, form.compression));
        forms
    }

    fn unpack(
        &self,
        form: &IndexForm,
        packed: &Path,
        store: &Store,
    ) -> Result<PathBuf, FetchError> {
        let file = fs_err::File::open(packed).map_err(|error| local_error(packed, error))?;
        let mut input = BufReader::with_capacity(BUFFER_BYTES, file);
        let mut incoming = store.incoming()?;
        let (size, limit) = (form.packed.size, self.plain.size);
        decompress(form.compression, &mut input, size, &mut incoming, limit).map_err(|error| {
            match error {
                DecompressError::Write(source) => store.error(source).into(),
                source => FetchError::Decompress { name: self.name.clone(), source },
            }
        })?;
        let url = self.name.clone();
        incoming.keep(Shelf::Indexes, self.plain).map_err(|error| match error {
            StoreError::Digest { expected, actual } => FetchError::Digest { url, expected, actual },
            StoreError::Size { expected, actual } => FetchError::Size { url, expected, actual },
            other => other.into(),
        })
    }
}

impl Wanted for IndexRequest {
    fn name(&self) -> &str {
        &self.name
    }

    fn size(&self) -> u64 {
        self.ordered().first().map_or(0, |form| form.packed.size)
    }

    fn find(&self, store: &Store) -> Result<Option<PathBuf>, StoreError> {
        store.get(Shelf::Indexes, self.plain)
    }

    fn addresses(&self) -> impl Iterator<Item = &String> {
        self.forms.iter().flat_map(|form| &form.candidates)
    }

    fn bring(&self, session: Session<'_>) -> Result<PathBuf, FetchError> {
        let mut last = FetchError::NotFound { url: self.name.clone() };
        for form in self.ordered() {
            let request = Request {
                name: self.name.clone(),
                candidates: form.candidates.clone(),
                id: form.packed,
                shelf: Shelf::Blobs,
            };
            match session.download(&request) {
                Ok(packed) => return self.unpack(form, &packed, session.store),
                // The next form may be in a local directory, or on the server at all.
                Err(error @ FetchError::Offline { .. }) => last = error,
                Err(error) if error.is_not_found() => last = error,
                Err(error) => return Err(error),
            }
        }
        Err(last)
    }
}
