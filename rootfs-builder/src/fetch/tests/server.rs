//! A small web server on the loopback address that can misbehave.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// A request as the server saw it.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) path: String,
    pub(super) headers: BTreeMap<String, String>,
    /// How often this path was asked for before.
    pub(super) before: usize,
}

/// How the body of an answer comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// As it should.
    None,
    /// The connection is closed after so many bytes.
    CloseAfter(usize),
    /// Nothing comes any more after so many bytes.
    StallAfter(usize),
    /// The body is repeated until the client hangs up; no length is announced.
    Endless,
    /// A byte at a time, with this pause.
    Drip(Duration),
}

/// What the server answers.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    status: u16,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    fault: Fault,
}

impl Answer {
    pub(super) fn status(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new(), fault: Fault::None }
    }

    pub(super) fn body(body: impl Into<Vec<u8>>) -> Self {
        Self { body: body.into(), ..Self::status(200) }
    }

    /// The part of `body` that was asked for.
    pub(super) fn ranged(body: &[u8], asked: &Asked) -> Self {
        let range = asked.headers.get("range").and_then(|range| range.strip_prefix("bytes="));
        let Some(start) = range.and_then(|range| range.strip_suffix('-')) else {
            return Self::body(body);
        };
        let start: usize = start.parse().unwrap();
        let range = format!("bytes {start}-{}/{}", body.len() - 1, body.len());
        Self { status: 206, ..Self::body(&body[start..]) }.header("Content-Range", &range)
    }

    pub(super) fn redirect(target: &str) -> Self {
        Self::status(302).header("Location", target)
    }

    pub(super) fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_string(), value.to_string()));
        self
    }

    pub(super) fn fault(self, fault: Fault) -> Self {
        Self { fault, ..self }
    }
}

type Handler = dyn Fn(&Asked) -> Answer + Send + Sync;

struct Shared {
    handler: Box<Handler>,
    asked: Mutex<Vec<Asked>>,
    connections: AtomicUsize,
    sent: AtomicUsize,
    is_over: AtomicBool,
}

/// The server; it ends when dropped.
pub(super) struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
}

impl Server {
    pub(super) fn start(handler: impl Fn(&Asked) -> Answer + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared {
            handler: Box::new(handler),
            asked: Mutex::default(),
            connections: AtomicUsize::new(0),
            sent: AtomicUsize::new(0),
            is_over: AtomicBool::new(false),
        });
        let accepting = shared.clone();
        thread::spawn(move || {
            for stream in listener.incoming() {
                if accepting.is_over.load(Ordering::SeqCst) {
                    return;
                }
                accepting.connections.fetch_add(1, Ordering::SeqCst);
                let shared = accepting.clone();
                // A client that hangs up is part of the game.
                thread::spawn(move || shared.serve(stream.unwrap()).ok());
            }
        });
        Self { address, shared }
    }

    pub(super) fn url(&self, path: &str) -> String {
        format!("http://{}/{path}", self.address)
    }

    /// What was asked for, in the order of arrival.
    pub(super) fn asked(&self) -> Vec<Asked> {
        self.shared.asked.lock().unwrap().clone()
    }

    pub(super) fn paths(&self) -> Vec<String> {
        self.asked().into_iter().map(|asked| asked.path).collect()
    }

    pub(super) fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// How many bytes of bodies were sent.
    pub(super) fn sent(&self) -> usize {
        self.shared.sent.load(Ordering::SeqCst)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::SeqCst);
        // Wakes the accepting thread.
        drop(TcpStream::connect(self.address));
    }
}

impl Shared {
    fn serve(&self, stream: TcpStream) -> io::Result<()> {
        let mut input = BufReader::new(stream.try_clone()?);
        while let Some(asked) = self.read_request(&mut input)? {
            let answer = (self.handler)(&asked);
            self.asked.lock().unwrap().push(asked);
            if !self.send(&answer, &stream)? {
                stream.shutdown(std::net::Shutdown::Both)?;
                return Ok(());
            }
        }
        Ok(())
    }

    fn read_request(&self, input: &mut impl BufRead) -> io::Result<Option<Asked>> {
        let mut line = String::new();
        input.read_line(&mut line)?;
        let Some(path) = line.split(' ').nth(1).map(str::to_string) else { return Ok(None) };
        let path = path.trim_start_matches('/').to_string();
        let mut headers = BTreeMap::new();
        loop {
            let mut line = String::new();
            input.read_line(&mut line)?;
            let Some((name, value)) = line.trim_end().split_once(':') else { break };
            headers.insert(name.to_lowercase(), value.trim().to_string());
        }
        let known = self.asked.lock().unwrap();
        let before = known.iter().filter(|asked| asked.path == path).count();
        Ok(Some(Asked { path, headers, before }))
    }

    /// Sends an answer; false if the connection is to be closed.
    fn send(&self, answer: &Answer, mut stream: &TcpStream) -> io::Result<bool> {
        let mut head = format!("HTTP/1.1 {} Whatever\r\n", answer.status);
        for (name, value) in &answer.headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        let is_announced = answer.headers.iter().any(|(name, _)| name == "Content-Length");
        if answer.fault != Fault::Endless && answer.status != 304 && !is_announced {
            head.push_str(&format!("Content-Length: {}\r\n", answer.body.len()));
        }
        stream.write_all(format!("{head}\r\n").as_bytes())?;
        let mut send = |bytes: &[u8]| {
            self.sent.fetch_add(bytes.len(), Ordering::SeqCst);
            stream.write_all(bytes)
        };
        match answer.fault {
            Fault::None => send(&answer.body)?,
            Fault::CloseAfter(count) => {
                send(&answer.body[..count])?;
                return Ok(false);
            }
            Fault::StallAfter(count) => {
                send(&answer.body[..count])?;
                while !self.is_over.load(Ordering::SeqCst) {
                    thread::sleep(Duration::from_millis(5));
                }
                return Ok(false);
            }
            Fault::Endless => loop {
                send(&answer.body)?;
            },
            Fault::Drip(pause) => {
                for byte in &answer.body {
                    send(&[*byte])?;
                    thread::sleep(pause);
                }
            }
        }
        Ok(true)
    }
}
