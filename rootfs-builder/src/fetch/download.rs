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
use crate::store::{Incoming, Store, StoreError};

const BUFFER_BYTES: usize = 256 * 1024;

/// What all downloads of one fetch share.
#[derive(Clone, Copy)]
pub(super) struct Session<'a> {
    pub(super) fetcher: &'a Fetcher,
    pub(super) store: &'a Store,
    pub(super) progress: &'a dyn Progress,
    pub(super) cancel: &'a Cancel,
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
        let addresses = self.allowed(request)?;
        let mut incoming = self.store.incoming()?;
        self.try_addresses(&request.name, &addresses, |address| {
            self.discard(&mut incoming)?;
            match Place::parse(address)? {
                Place::File(path) => self.copy_file(address, &path, request, &mut incoming),
                Place::Server(url) => self.receive_all(&url, request, &mut incoming),
            }
        })?;
        Ok(incoming.keep(request.shelf, request.id)?)
    }

    /// The addresses that may be asked.
    fn allowed(&self, request: &Request) -> Result<Vec<String>, FetchError> {
        let mut addresses = request.candidates.clone();
        if self.fetcher.options.offline {
            addresses.retain(|address| !Place::is_server(address));
            if addresses.is_empty() {
                return Err(FetchError::Offline { missing: vec![request.name.clone()] });
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
        request: &Request,
        incoming: &mut Incoming<'_>,
    ) -> Result<(), FetchError> {
        let mut was_resumed = false;
        let result = self.retry(|| {
            was_resumed |= incoming.written() > 0;
            let result = self.receive(url, request, incoming);
            (incoming.written(), result)
        });
        match result {
            // The two parts may be of two versions of the file: once more in one piece.
            Err(FetchError::Digest { .. }) if was_resumed => {
                self.discard(incoming)?;
                self.retry(|| (0, self.receive(url, request, incoming)))
            }
            result => result,
        }
    }

    /// Asks once for what is missing, and checks the whole if it comes.
    fn receive(
        &self,
        url: &str,
        request: &Request,
        incoming: &mut Incoming<'_>,
    ) -> Result<(), FetchError> {
        let expected = request.id.size;
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
            self.take(bytes, &shown, request, incoming)
        })?;
        finish(&shown, request, incoming)
    }

    fn copy_file(
        &self,
        address: &str,
        path: &Path,
        request: &Request,
        incoming: &mut Incoming<'_>,
    ) -> Result<(), FetchError> {
        let mut file = open_local(address, path)?;
        let mut buffer = vec![0; BUFFER_BYTES];
        loop {
            let count = file.read(&mut buffer).map_err(|error| local_error(path, error))?;
            if count == 0 {
                break;
            }
            self.take(&buffer[..count], address, request, incoming)?;
        }
        match incoming.written() == request.id.size {
            true => finish(address, request, incoming),
            false => Err(size_error(address, request, incoming)),
        }
    }

    /// Writes what came, unless it is more than there is.
    fn take(
        &self,
        bytes: &[u8],
        shown: &str,
        request: &Request,
        incoming: &mut Incoming<'_>,
    ) -> Result<(), FetchError> {
        incoming.append(bytes)?;
        self.progress.report(Event::Downloaded { bytes: bytes.len() as u64 });
        match incoming.written() > request.id.size {
            true => Err(size_error(shown, request, incoming)),
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

fn size_error(shown: &str, request: &Request, incoming: &Incoming<'_>) -> FetchError {
    let url = shown.to_string();
    FetchError::Size { url, expected: request.id.size, actual: incoming.written() }
}

/// Checks a body that has come to its end.
fn finish(shown: &str, request: &Request, incoming: &Incoming<'_>) -> Result<(), FetchError> {
    let url = shown.to_string();
    match incoming.check(request.id) {
        Ok(()) => Ok(()),
        Err(StoreError::Size { expected, actual }) => {
            Err(FetchError::Short { url, expected, actual })
        }
        Err(StoreError::Digest { expected, actual }) => {
            Err(FetchError::Digest { url, expected, actual })
        }
        Err(other) => Err(other.into()),
    }
}
