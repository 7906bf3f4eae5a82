//! A host that speaks with a server of its own.

use std::collections::HashMap;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use agent_protocol::*;
use guest_agent::{LinkKind, Server};

/// A server in a thread.
pub struct Guest {
    is_over: Arc<AtomicBool>,
    new_links: Arc<Mutex<Vec<(OwnedFd, LinkKind)>>>,
    thread: Option<JoinHandle<()>>,
}

impl Guest {
    pub fn new() -> Self {
        let is_over = Arc::new(AtomicBool::new(false));
        let new_links = Arc::new(Mutex::new(Vec::<(OwnedFd, LinkKind)>::new()));
        let (ended, links) = (is_over.clone(), new_links.clone());
        let thread = std::thread::spawn(move || {
            let mut server = Server::new(Role::Service);
            while !ended.load(Ordering::Relaxed) {
                for (link, kind) in links.lock().unwrap().drain(..) {
                    server.add(link, kind).unwrap();
                }
                server.turn(&[], 10_000_000);
            }
        });
        Self { is_over, new_links, thread: Some(thread) }
    }

    /// A link on which nothing was said.
    pub fn link(&self, kind: LinkKind) -> UnixStream {
        let (ours, theirs) = UnixStream::pair().unwrap();
        ours.set_read_timeout(Some(Duration::from_secs(50))).unwrap();
        ours.set_write_timeout(Some(Duration::from_secs(50))).unwrap();
        self.new_links.lock().unwrap().push((theirs.into(), kind));
        ours
    }

    /// A session that was welcomed.
    pub fn session(&self) -> Host {
        let mut host = Host::new(self.link(LinkKind::Connection));
        host.send(&HostFrame::Hello(HELLO));
        assert!(matches!(host.next(), GuestFrame::Welcome(welcome) if welcome.session == 7));
        host
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Relaxed);
        let result = self.thread.take().unwrap().join();
        if !std::thread::panicking() {
            result.unwrap();
        }
    }
}

pub const HELLO: Hello = Hello { lowest: 1, highest: 1, session: 7 };

pub struct Host {
    pub link: UnixStream,
    pub decoder: Decoder<GuestFrame>,
}

/// All that a channel gave.
#[derive(Debug, Default, PartialEq)]
pub struct Outcome {
    pub output: Vec<u8>,
    pub errors: Vec<u8>,
    pub exit: Option<Exit>,
    pub refused: Option<(u32, String)>,
    pub done: Option<u64>,
}

impl Host {
    pub fn new(link: UnixStream) -> Self {
        Self { link, decoder: Decoder::new() }
    }

    pub fn send(&mut self, frame: &HostFrame) {
        let mut bytes = Vec::new();
        frame.encode(&mut bytes).unwrap();
        self.link.write_all(&bytes).unwrap();
    }

    /// The next frame; `None` at the end of the session.
    pub fn try_next(&mut self) -> Option<GuestFrame> {
        loop {
            if let Some(frame) = self.decoder.next().unwrap() {
                return Some(frame);
            }
            let mut buffer = [0; 65536];
            let count = match self.link.read(&mut buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                other => other.unwrap(),
            };
            if count == 0 {
                return None;
            }
            assert_eq!(self.decoder.push(&buffer[..count]), count);
        }
    }

    pub fn next(&mut self) -> GuestFrame {
        self.try_next().expect("a frame, not the end")
    }

    /// Skips to a frame.
    pub fn until(&mut self, mut is_it: impl FnMut(&GuestFrame) -> bool) -> GuestFrame {
        loop {
            let frame = self.next();
            if is_it(&frame) {
                return frame;
            }
        }
    }

    pub fn is_alive(&mut self) {
        self.send(&HostFrame::Ping { number: 99 });
        self.until(|frame| matches!(frame, GuestFrame::Pong { number: 99, .. }));
    }

    pub fn start(&mut self, channel: u32, start: Start) {
        self.send(&HostFrame::Start { channel, start });
    }

    /// Runs to the end, granting all that is used.
    pub fn finish(&mut self, channel: u32) -> Outcome {
        self.finish_all(&[channel]).remove(&channel).unwrap()
    }

    pub fn finish_all(&mut self, channels: &[u32]) -> HashMap<u32, Outcome> {
        let mut outcomes: HashMap<u32, Outcome> = HashMap::new();
        let mut left = channels.len();
        while left > 0 {
            match self.next() {
                GuestFrame::Output { channel, bytes } => {
                    self.grant(channel, Stream::Output, bytes.len());
                    outcomes.entry(channel).or_default().output.extend(bytes);
                }
                GuestFrame::Errors { channel, bytes } => {
                    self.grant(channel, Stream::Errors, bytes.len());
                    outcomes.entry(channel).or_default().errors.extend(bytes);
                }
                GuestFrame::Exited { channel, exit } => {
                    outcomes.entry(channel).or_default().exit = Some(exit);
                    left -= 1;
                }
                GuestFrame::Refused { channel, errno, text } => {
                    let text = String::from_utf8(text).unwrap();
                    outcomes.entry(channel).or_default().refused = Some((errno, text));
                    left -= 1;
                }
                GuestFrame::Done { channel, bytes } => {
                    outcomes.entry(channel).or_default().done = Some(bytes);
                    left -= 1;
                }
                GuestFrame::Started { .. } | GuestFrame::Credit { .. } => {}
                other => panic!("{other:?}"),
            }
        }
        outcomes
    }

    fn grant(&mut self, channel: u32, stream: Stream, bytes: usize) {
        if bytes > 0 {
            let bytes = u32::try_from(bytes).unwrap();
            self.send(&HostFrame::Credit { channel, stream, bytes });
        }
    }
}

/// A shell's command.
pub fn shell(script: &str) -> Start {
    command(&["sh", "-c", script])
}

pub fn command(arguments: &[&str]) -> Start {
    let arguments = arguments.iter().map(|argument| argument.as_bytes().to_vec()).collect();
    Start { arguments, directory: b"/".to_vec(), ..Start::default() }
}

impl Outcome {
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.output).unwrap()
    }
}
