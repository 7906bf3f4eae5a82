//! A mirror on the loopback that misbehaves on request.

mod fault;
mod http;

use std::collections::BTreeMap;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;

pub use fault::Fault;

use crate::Archive;

/// One request that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// `GET`, mostly.
    pub method: String,
    /// What was asked for, without the leading slash.
    pub path: String,
    /// The `Range` header.
    pub range: Option<String>,
    /// The `If-None-Match` header, or the `If-Modified-Since` one.
    pub condition: Option<String>,
}

/// An HTTP server that lives as long as the value.
#[derive(Debug)]
pub struct Server {
    shared: Arc<Shared>,
    port: u16,
    acceptor: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    content: Mutex<Content>,
    faults: Mutex<BTreeMap<String, Fault>>,
    log: Mutex<Vec<Request>>,
    is_over: AtomicBool,
}

#[derive(Debug)]
enum Content {
    Archive(Archive),
    Directory(PathBuf),
}

impl Server {
    /// Serves an archive.
    pub fn new(archive: Archive) -> Self {
        Self::start(Content::Archive(archive))
    }

    /// Serves the files below a directory.
    pub fn directory(path: impl Into<PathBuf>) -> Self {
        Self::start(Content::Directory(path.into()))
    }

    fn start(content: Content) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let shared = Arc::new(Shared {
            content: Mutex::new(content),
            faults: Mutex::default(),
            log: Mutex::default(),
            is_over: AtomicBool::new(false),
        });
        let for_thread = shared.clone();
        let acceptor = std::thread::spawn(move || accept(&listener, &for_thread));
        Self { shared, port, acceptor: Some(acceptor) }
    }

    /// Where it is, without a slash at the end.
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Serves something else from now on: the mirror moved on.
    pub fn replace(&self, archive: Archive) {
        *self.shared.content.lock().unwrap() = Content::Archive(archive);
    }

    /// Misbehaves whenever this path is asked for.
    pub fn fault(&self, path: &str, fault: Fault) {
        self.shared.faults.lock().unwrap().insert(path.into(), fault);
    }

    /// Misbehaves for every path that has no fault of its own.
    pub fn fault_everywhere(&self, fault: Fault) {
        self.fault("", fault);
    }

    /// Behaves again.
    pub fn heal(&self) {
        self.shared.faults.lock().unwrap().clear();
    }

    /// What was asked so far, in order of arrival.
    pub fn requests(&self) -> Vec<Request> {
        self.shared.log.lock().unwrap().clone()
    }

    /// How often a path was asked for.
    pub fn count(&self, path: &str) -> usize {
        self.requests().iter().filter(|request| request.path == path).count()
    }

    /// Forgets what was asked so far.
    pub fn forget_requests(&self) {
        self.shared.log.lock().unwrap().clear();
    }

    /// Fails the test if an index or a release file was asked for.
    pub fn assert_no_index_was_asked(&self) {
        let asked = self.requests();
        assert!(!asked.iter().any(|request| request.path.starts_with("dists/")), "{asked:?}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::SeqCst);
        // The acceptor waits for a connection; this is the last one.
        drop(TcpStream::connect(("127.0.0.1", self.port)));
        if let Some(thread) = self.acceptor.take() {
            drop(thread.join());
        }
    }
}

impl Shared {
    fn is_over(&self) -> bool {
        self.is_over.load(Ordering::SeqCst)
    }

    /// The fault to show this time; faults that count are counted down.
    fn take_fault(&self, path: &str) -> Option<Fault> {
        let mut faults = self.faults.lock().unwrap();
        let key = if faults.contains_key(path) { path } else { "" };
        match faults.get_mut(key)? {
            Fault::FailThenFine { times: 0, .. } => None,
            Fault::FailThenFine { status, times } => {
                *times -= 1;
                Some(Fault::Status(*status))
            }
            Fault::CutThenFine { times: 0 } => None,
            Fault::CutThenFine { times } => {
                *times -= 1;
                Some(Fault::ShortBody)
            }
            other => Some(other.clone()),
        }
    }

    fn read(&self, path: &str) -> Option<Vec<u8>> {
        match &*self.content.lock().unwrap() {
            Content::Archive(archive) => archive.get(path).map(<[u8]>::to_vec),
            Content::Directory(directory) => std::fs::read(directory.join(path)).ok(),
        }
    }
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.is_over() {
            return;
        }
        if let Ok(stream) = stream {
            let shared = shared.clone();
            std::thread::spawn(move || {
                // A client that goes away in the middle is what many tests provoke.
                drop(http::serve(&stream, &shared));
            });
        }
    }
}
