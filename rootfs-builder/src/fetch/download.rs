//! One file of known digest: from the first address that serves it, into the store.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use ureq::http::header;

use super::address::{Place, redact};
use super::body::read_body;
use super::cancel::Cancel;
use super::http::Agents;
use super::{FetchError, Fetcher, Request};
use crate::progress::{Event, Progress};
use crate::store::{BlobId, Incoming, Store, StoreError};

const BUFFER_BYTES: usize = 256 * 1024;

/// What all downloads of one fetch share.
#[derive(Clone, Copy)]
pub(super) struct Session<'a> {
    pub(super) fetcher: &'a Fetcher,
    pub(super) store: &'a Store,
    pub(super) progress: &'a dyn Progress,
    pub(super) cancel: &'a Cancel,
}

/// What must be true of a file that has come.
pub(super) enum Proof<'a> {
    /// It has this digest.
    Digest(BlobId),
    /// It is this long, and the check finds nothing wrong with it.
    Check { size: u64, check: &'a super::Check<'a> },
}

impl Proof<'_> {
    fn size(&self) -> u64 {
        match self {
            Self::Digest(id) => id.size,
            Self::Check { size, .. } => *size,
        }
    }
}

impl Session<'_> {
    /// Finds the file in the store, or brings it there.
    pub(super) fn download(&self, request: &Request) -> Result<PathBuf, FetchError> {
        let cancelled = || self.cancel.is_set();
        let lock = self.store.lock_entry(request.shelf, request.id.sha256, &cancelled);
        let _lock = lock.map_err(|error| match error {
            StoreError::Cancelled => FetchError::Cancelled,
            other => other.into(),
        })?;
        // Another process may have brought it while this one waited.
        if let Some(path) = self.store.get(request.shelf, request.id)? {
            return Ok(path);
        }
        let proof = Proof::Digest(request.id);
        let incoming = self.transfer(&request.name, &request.candidates, &proof)?;
        Ok(incoming.keep(request.shelf, request.id)?)
    }

    /// Brings a file from the first address that has the right one.
    pub(super) fn transfer(
        &self,
        name: &str,
        candidates: &[String],
        proof: &Proof<'_>,
    ) -> Result<Incoming<'_>, FetchError> {
        let addresses = self.allowed(name, candidates)?;
        let mut incoming = self.store.incoming()?;
        self.try_addresses(name, &addresses, |address| {
            self.discard(&mut incoming)?;
            match Place::parse(address)? {
                Place::File(path) => self.copy_file(address, &path, proof, &mut incoming),
                Place::Server(url) => self.receive_all(&url, proof, &mut incoming),
            }
        })?;
        Ok(incoming)
    }

    /// The addresses that may be asked.
    fn allowed(&self, name: &str, candidates: &[String]) -> Result<Vec<String>, FetchError> {
        let mut addresses = candidates.to_vec();
        if self.fetcher.options.offline {
            addresses.retain(|address| !Place::is_server(address));
            if addresses.is_empty() {
                return Err(FetchError::Offline { missing: vec![name.to_owned()] });
            }
        }
        Ok(addresses)
    }

    /// The connections to use, unless the fetch is over.
    pub(super) fn agents(&self) -> Result<Agents, FetchError> {
        // In this order: connections made after the end are not the ones that are broken off.
        let agents = self.fetcher.agents();
        match self.cancel.is_set() {
            true => Err(FetchError::Cancelled),
            false => Ok(agents),
        }
    }

    fn receive_all(
        &self,
        url: &str,
        proof: &Proof<'_>,
        incoming: &mut Incoming<'_>,
    ) -> Result<(), FetchError> {
        let mut was_resumed = false;
        let result = self.retry(|| {
            was_resumed |= incoming.written() > 0;
            let result = self.receive(url, proof, incoming);
            (incoming.written(), result)
        });
        match result {
            // The two parts may be of two versions of the file: once more in one piece.
            Err(FetchError::Digest { .. } | FetchError::Unproven { .. }) if was_resumed => {
                self.discard(incoming)?;
                self.retry(|| (0, self.receive(url, proof, incoming)))
            }
            result => result,
        }
    }

    /// Asks once for what is missing, and checks the whole if it comes.
    fn receive(
        &self,
        url: &str,
        proof: &Proof<'_>,
        incoming: &mut Incoming<'_>,
    ) -> Result<(), FetchError> {
        let expected = proof.size();
        let shown = redact(url);
        let options = &self.fetcher.options;
        let mut headers = Vec::new();
        if incoming.written() > 0 {
            headers.push((header::RANGE, format!("bytes={}-", incoming.written())));
        }
        let reply = self.agents()?.get(url, &headers, options.stall_timeout)?;
        let continues = reply.status == 206 && reply.range_start == Some(incoming.written());
        if !continues {
            self.discard(incoming)?;
            if reply.status != 200 {
                // An answer to a question that was not asked: ask again from the beginning.
                return Err(FetchError::Short { url: shown, expected, actual: 0 });
            }
        }
        if let Some(length) = reply.length {
            let actual = incoming.written().saturating_add(length);
            if actual != expected {
                return Err(FetchError::Size { url: shown, expected, actual });
            }
        }
        read_body(reply.body, &shown, options, self.cancel, |bytes| {
            self.take(bytes, &shown, proof, incoming)
        })?;
        finish(&shown, proof, incoming)
    }

    fn copy_file(
        &self,
        address: &str,
        path: &Path,
        proof: &Proof<'_>,
        incoming: &mut Incoming<'_>,
    ) -> Result<(), FetchError> {
        let mut file = open_local(address, path)?;
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            let count = file.read(&mut buffer).map_err(|error| local_error(path, error))?;
            if count == 0 {
                break;
            }
            self.take(&buffer[..count], address, proof, incoming)?;
        }
        match incoming.written() == proof.size() {
            true => finish(address, proof, incoming),
            false => Err(size_error(address, proof, incoming)),
        }
    }

    /// Writes what came, unless it is more than there is.
    fn take(
        &self,
        bytes: &[u8],
        shown: &str,
        proof: &Proof<'_>,
        incoming: &mut Incoming<'_>,
    ) -> Result<(), FetchError> {
        incoming.append(bytes)?;
        self.progress.report(Event::Downloaded { bytes: bytes.len() as u64 });
        match incoming.written() > proof.size() {
            true => Err(size_error(shown, proof, incoming)),
            false => Ok(()),
        }
    }

    fn discard(&self, incoming: &mut Incoming<'_>) -> Result<(), FetchError> {
        if incoming.written() > 0 {
            self.progress.report(Event::Discarded { bytes: incoming.written() });
            incoming.restart()?;
        }
        Ok(())
    }
}

/// Opens a file of a local mirror; one that is missing counts as not found there.
pub(super) fn open_local(address: &str, path: &Path) -> Result<fs_err::File, FetchError> {
    fs_err::File::open(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => FetchError::NotFound { url: address.to_string() },
        _ => local_error(path, error),
    })
}

pub(super) fn local_error(path: &Path, source: io::Error) -> FetchError {
    FetchError::Local { path: path.to_path_buf(), source }
}

fn size_error(shown: &str, proof: &Proof<'_>, incoming: &Incoming<'_>) -> FetchError {
    let url = shown.to_string();
    FetchError::Size { url, expected: proof.size(), actual: incoming.written() }
}

/// Checks a body that has come to its end.
fn finish(shown: &str, proof: &Proof<'_>, incoming: &Incoming<'_>) -> Result<(), FetchError> {
    let url = shown.to_string();
    let id = match proof {
        Proof::Digest(id) => *id,
        Proof::Check { size, .. } => BlobId { size: *size, ..incoming.id() },
    };
    match (incoming.check(id), proof) {
        (Ok(()), Proof::Digest(_)) => Ok(()),
        (Ok(()), Proof::Check { check, .. }) => {
            check(incoming.path()).map_err(|problem| FetchError::Unproven { url, problem })
        }
        (Err(StoreError::Size { expected, actual }), _) => {
            Err(FetchError::Short { url, expected, actual })
        }
        (Err(StoreError::Digest { expected, actual }), _) => {
            Err(FetchError::Digest { url, expected, actual })
        }
        (Err(other), _) => Err(other.into()),
    }
}
