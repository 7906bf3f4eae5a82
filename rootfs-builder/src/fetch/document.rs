//! Documents of unknown digest, such as signed release files: bounded, and asked for again
//! only if they have changed.

use std::io::Read;
use std::path::Path;
use std::thread;

use serde::{Deserialize, Serialize};
use ureq::http::{HeaderName, header};

use super::address::{Place, redact};
use super::body::read_body;
use super::cancel::Cancel;
use super::download::{Session, local_error, open_local};
use super::http::Reply;
use super::{FetchError, Fetcher};
use crate::digest::Digest;
use crate::progress::Progress;
use crate::store::{Shelf, Store, StoreError};

/// A document to fetch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentRequest {
    /// What to call it before users.
    pub name: String,
    /// Where it may be: addresses or paths, the first choice first.
    pub candidates: Vec<String>,
    /// The largest size that is accepted.
    pub limit: u64,
}

/// A document that nobody has verified yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The address that served it.
    pub url: String,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Whether the store had it already and it is unchanged.
    pub is_stored: bool,
    validators: Validators,
}

/// What a server needs to tell whether a document has changed.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
struct Validators {
    etag: Option<String>,
    last_modified: Option<String>,
}

impl Document {
    /// Keeps a document that has been verified, so that next time it need not come again.
    pub fn remember(&self, store: &Store) -> Result<(), StoreError> {
        if self.is_stored {
            return Ok(());
        }
        let mut value = serde_json::to_vec(&self.validators)
            .map_err(|error| StoreError::io(store.path(), error.into()))?;
        value.push(b'\n');
        value.extend_from_slice(&self.bytes);
        store.write_record(Shelf::Documents, Digest::of(&self.url), &value)
    }

    /// The document that `remember` kept for `url`.
    fn remembered(url: &str, store: &Store) -> Result<Option<Self>, StoreError> {
        let Some(value) = store.read_record(Shelf::Documents, Digest::of(url))? else {
            return Ok(None);
        };
        let Some(end) = value.iter().position(|byte| *byte == b'\n') else { return Ok(None) };
        // A record of another version of this program is as good as none.
        let Ok(validators) = serde_json::from_slice(&value[..end]) else { return Ok(None) };
        let bytes = value[end + 1..].to_vec();
        Ok(Some(Self { url: url.to_string(), bytes, is_stored: true, validators }))
    }
}

impl Fetcher {
    /// Fetches documents, all at the same time; each has a result of its own.
    pub fn fetch_documents(
        &self,
        store: &Store,
        requests: &[DocumentRequest],
        progress: &dyn Progress,
    ) -> Vec<Result<Document, FetchError>> {
        let fetch = |request| {
            let cancel = Cancel::default();
            Session { fetcher: self, store, progress, cancel: &cancel }.document(request)
        };
        let mut results = Vec::new();
        for group in requests.chunks(self.options.connections.max(1)) {
            thread::scope(|scope| {
                let threads: Vec<_> =
                    group.iter().map(|request| scope.spawn(move || fetch(request))).collect();
                let joined = threads.into_iter().map(|thread| thread.join());
                // A thread that panicked has said so already.
                results.extend(joined.map(|joined| joined.unwrap_or(Err(FetchError::Cancelled))));
            });
        }
        results
    }
}

impl Session<'_> {
    fn document(&self, request: &DocumentRequest) -> Result<Document, FetchError> {
        if self.fetcher.options.offline {
            return self.document_at_hand(request);
        }
        self.try_addresses(&request.name, &request.candidates, |address| {
            match Place::parse(address)? {
                Place::File(path) => read_local(address, &path, request.limit),
                Place::Server(url) => self.retry(|| (0, self.ask_document(&url, request.limit))),
            }
        })
    }

    /// Takes a local file, or else what the store remembers.
    fn document_at_hand(&self, request: &DocumentRequest) -> Result<Document, FetchError> {
        for address in &request.candidates {
            match Place::parse(address)? {
                Place::File(path) => match read_local(address, &path, request.limit) {
                    Err(FetchError::NotFound { .. }) => {}
                    result => return result,
                },
                Place::Server(url) => {
                    if let Some(document) = Document::remembered(&url, self.store)? {
                        return Ok(document);
                    }
                }
            }
        }
        Err(FetchError::Offline { missing: vec![request.name.clone()] })
    }

    fn ask_document(&self, url: &str, limit: u64) -> Result<Document, FetchError> {
        let options = &self.fetcher.options;
        let shown = redact(url);
        let remembered = Document::remembered(url, self.store)?;
        let mut headers = remembered.as_ref().map(Document::conditions).unwrap_or_default();
        // A cache on the way must ask the server whether it has changed.
        headers.push((header::CACHE_CONTROL, "max-age=0".to_string()));
        let reply = self.agents()?.get(url, &headers, options.stall_timeout)?;
        match (reply.status, remembered) {
            (304, Some(document)) => return Ok(document),
            (200, _) => {}
            (status, _) => {
                return Err(FetchError::Status { url: shown, status, retry_after: None });
            }
        }
        let Reply { etag, last_modified, length, body, .. } = reply;
        if length.is_some_and(|length| length > limit) {
            return Err(FetchError::TooLarge { url: shown, limit });
        }
        let mut bytes = Vec::new();
        read_body(body, &shown, options, self.cancel, |more| {
            bytes.extend_from_slice(more);
            match bytes.len() as u64 > limit {
                true => Err(FetchError::TooLarge { url: shown.clone(), limit }),
                false => Ok(()),
            }
        })?;
        let validators = Validators { etag, last_modified };
        Ok(Document { url: url.to_string(), bytes, is_stored: false, validators })
    }
}

impl Document {
    fn conditions(&self) -> Vec<(HeaderName, String)> {
        let Validators { etag, last_modified } = self.validators.clone();
        let etag = etag.map(|etag| (header::IF_NONE_MATCH, etag));
        let last_modified = last_modified.map(|date| (header::IF_MODIFIED_SINCE, date));
        etag.into_iter().chain(last_modified).collect()
    }
}

fn read_local(address: &str, path: &Path, limit: u64) -> Result<Document, FetchError> {
    let url = address.to_string();
    let mut bytes = Vec::new();
    let mut file = open_local(address, path)?.take(limit.saturating_add(1));
    file.read_to_end(&mut bytes).map_err(|error| local_error(path, error))?;
    if bytes.len() as u64 > limit {
        return Err(FetchError::TooLarge { url, limit });
    }
    Ok(Document { url, bytes, is_stored: false, validators: Validators::default() })
}
