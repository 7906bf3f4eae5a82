//! A made-up agent, and what a host listens with.

use std::io::{Read, Write};
use std::sync::Mutex;

use agent_protocol::{Decoder, Frame, GuestFrame, Hello, Welcome};

use super::*;

/// The guest's end of a session.
pub(super) struct Fake {
    pub(super) stream: UnixStream,
    decoder: Decoder<HostFrame>,
}

impl Fake {
    pub(super) fn next(&mut self) -> Option<HostFrame> {
        let mut buffer = [0; 65_548];
        loop {
            if let Some(frame) = self.decoder.next().unwrap() {
                return Some(frame);
            }
            let count = self.stream.read(&mut buffer).ok().filter(|&count| count > 0)?;
            assert_eq!(self.decoder.push(&buffer[..count]), count);
        }
    }

    pub(super) fn say(&mut self, frame: GuestFrame) {
        let mut bytes = Vec::new();
        frame.encode(&mut bytes).unwrap();
        self.say_bytes(&bytes);
    }

    /// The host may have hung up.
    pub(super) fn say_bytes(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).is_ok()
    }

    pub(super) fn welcome(&mut self) {
        let Some(HostFrame::Hello(hello)) = self.next() else { panic!("no hello") };
        self.say(GuestFrame::Welcome(welcome(hello)));
    }

    /// Expects a command and says that it runs.
    pub(super) fn accept(&mut self) -> (u32, Start) {
        let Some(HostFrame::Start { channel, start }) = self.next() else { panic!("no start") };
        self.say(GuestFrame::Started { channel, process: 7 });
        (channel, start)
    }

    pub(super) fn exit(&mut self, channel: u32, code: u32) {
        self.say(GuestFrame::Exited { channel, exit: agent_protocol::Exit::Status(code) });
    }
}

pub(super) fn welcome(hello: Hello) -> Welcome {
    Welcome {
        session: hello.session,
        version: 1,
        role: Role::Init,
        boottime_nanoseconds: 1_500_000_000,
        kernel_release: b"6.1.0\x1b[31m".to_vec(),
        agent_version: b"0.1.0".to_vec(),
    }
}

/// Runs both ends, each in its own thread.
pub(super) fn check<T>(agent: impl FnOnce(Fake) + Send, host: impl FnOnce(UnixStream) -> T) -> T {
    let (ours, theirs) = UnixStream::pair().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || agent(Fake { stream: theirs, decoder: Decoder::seeking() }));
        host(ours)
    })
}

/// The same, with an agent that has welcomed the host.
pub(super) fn converse<T>(
    agent: impl FnOnce(&mut Fake) + Send,
    host: impl FnOnce(Session) -> T,
) -> T {
    let greet = |mut fake: Fake| {
        fake.welcome();
        agent(&mut fake);
    };
    check(greet, |stream| host(Session::open(stream, LIMIT).unwrap()))
}

pub(super) fn start(words: &[&str]) -> Start {
    let arguments = words.iter().map(|word| word.as_bytes().to_vec()).collect();
    Start { arguments, ..Start::default() }
}

#[derive(Clone, Default)]
pub(super) struct Heard(Arc<Mutex<Vec<u8>>>);

impl Write for Heard {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl Heard {
    pub(super) fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }
}

pub(super) fn silent() -> Streams {
    Streams { input: None, output: Box::new(std::io::sink()), errors: Box::new(std::io::sink()) }
}

pub(super) fn listening(output: &Heard, errors: &Heard) -> Streams {
    let (output, errors) = (Box::new(output.clone()), Box::new(errors.clone()));
    Streams { input: None, output, errors }
}

pub(super) fn output(channel: u32, bytes: &[u8]) -> GuestFrame {
    GuestFrame::Output { channel, bytes: bytes.to_vec() }
}

pub(super) fn errors(channel: u32, bytes: &[u8]) -> GuestFrame {
    GuestFrame::Errors { channel, bytes: bytes.to_vec() }
}

pub(super) fn encoded(frame: &GuestFrame) -> Vec<u8> {
    let mut bytes = Vec::new();
    frame.encode(&mut bytes).unwrap();
    bytes
}
