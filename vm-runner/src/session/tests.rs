//! The host's side against agents that are made up, honest ones and others.

use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::sync::{Mutex, mpsc};

use agent_protocol::{Decoder, Frame, Get, GuestFrame, Hello, Put, Stream, Welcome};

use super::*;

const LIMIT: Duration = Duration::from_secs(20);

/// The guest's end of a session.
struct Fake {
    stream: UnixStream,
    decoder: Decoder<HostFrame>,
}

impl Fake {
    fn next(&mut self) -> Option<HostFrame> {
        let mut buffer = [0; 65_548];
        loop {
            if let Some(frame) = self.decoder.next().unwrap() {
                return Some(frame);
            }
            let count = self.stream.read(&mut buffer).ok().filter(|&count| count > 0)?;
            assert_eq!(self.decoder.push(&buffer[..count]), count);
        }
    }

    fn say(&mut self, frame: GuestFrame) {
        let mut bytes = Vec::new();
        frame.encode(&mut bytes).unwrap();
        self.say_bytes(&bytes);
    }

    /// The host may have hung up.
    fn say_bytes(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).is_ok()
    }

    fn welcome(&mut self) {
        let Some(HostFrame::Hello(hello)) = self.next() else { panic!("no hello") };
        self.say(GuestFrame::Welcome(welcome(hello)));
    }

    /// Expects a command and says that it runs.
    fn accept(&mut self) -> (u32, Start) {
        let Some(HostFrame::Start { channel, start }) = self.next() else { panic!("no start") };
        self.say(GuestFrame::Started { channel, process: 7 });
        (channel, start)
    }

    fn exit(&mut self, channel: u32, code: u32) {
        self.say(GuestFrame::Exited { channel, exit: agent_protocol::Exit::Status(code) });
    }
}

fn welcome(hello: Hello) -> Welcome {
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
fn check<T>(agent: impl FnOnce(Fake) + Send, host: impl FnOnce(UnixStream) -> T) -> T {
    let (ours, theirs) = UnixStream::pair().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || agent(Fake { stream: theirs, decoder: Decoder::seeking() }));
        host(ours)
    })
}

/// The same, with an agent that has welcomed the host.
fn converse<T>(agent: impl FnOnce(&mut Fake) + Send, host: impl FnOnce(Session) -> T) -> T {
    let greet = |mut fake: Fake| {
        fake.welcome();
        agent(&mut fake);
    };
    check(greet, |stream| host(Session::open(stream, LIMIT).unwrap()))
}

fn start(words: &[&str]) -> Start {
    let arguments = words.iter().map(|word| word.as_bytes().to_vec()).collect();
    Start { arguments, ..Start::default() }
}

#[derive(Clone, Default)]
struct Heard(Arc<Mutex<Vec<u8>>>);

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
    fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }
}

fn silent() -> Streams {
    Streams { input: None, output: Box::new(std::io::sink()), errors: Box::new(std::io::sink()) }
}

fn listening(output: &Heard, errors: &Heard) -> Streams {
    let (output, errors) = (Box::new(output.clone()), Box::new(errors.clone()));
    Streams { input: None, output, errors }
}

fn output(channel: u32, bytes: &[u8]) -> GuestFrame {
    GuestFrame::Output { channel, bytes: bytes.to_vec() }
}

fn errors(channel: u32, bytes: &[u8]) -> GuestFrame {
    GuestFrame::Errors { channel, bytes: bytes.to_vec() }
}

#[test]
fn a_command_s_words_streams_and_status_go_through() {
    let (said, complained) = (Heard::default(), Heard::default());
    let agent = |fake: &mut Fake| {
        let (channel, start) = fake.accept();
        assert_eq!(start.arguments, [b"echo".to_vec(), b"x".to_vec()]);
        assert!(!start.has_input);
        fake.say(output(channel, b"out"));
        fake.say(errors(channel, b"err"));
        fake.say(output(channel, b"put"));
        fake.say(output(channel, b""));
        fake.say(errors(channel, b""));
        fake.exit(channel, 3);
        assert_eq!(fake.next(), None);
    };
    converse(agent, |session| {
        assert_eq!(session.agent().kernel_release, "6.1.0");
        assert_eq!(session.agent().uptime, Duration::from_millis(1500));
        let streams = listening(&said, &complained);
        let exit = session.run(start(&["echo", "x"]), streams, Some(LIMIT)).unwrap();
        assert_eq!(exit, Exit::Status(3));
    });
    assert_eq!((said.bytes(), complained.bytes()), (b"output".to_vec(), b"err".to_vec()));
}

#[test]
fn what_others_left_on_the_port_is_passed_over() {
    let agent = |mut fake: Fake| {
        let Some(HostFrame::Hello(hello)) = fake.next() else { panic!("no hello") };
        fake.say_bytes(&[0xff; 1000]);
        fake.say(GuestFrame::Welcome(welcome(Hello { session: 1, ..hello })));
        fake.say(output(1, b"for a dead host"));
        fake.say(GuestFrame::Welcome(welcome(hello)));
        assert_eq!(fake.next(), None);
    };
    check(agent, |stream| Session::open(stream, LIMIT).map(drop)).unwrap();
}

#[test]
fn a_silent_agent_is_asked_again_and_then_given_up() {
    let agent = |mut fake: Fake| {
        let mut hellos = 0;
        while fake.next().is_some() {
            hellos += 1;
        }
        assert_eq!(hellos, 2);
    };
    let limit = Duration::from_millis(2500);
    let error = check(agent, |stream| Session::open(stream, limit).map(drop)).unwrap_err();
    assert!(matches!(error, Error::Silent { .. }), "{error}");
}

#[test]
fn endless_noise_is_no_answer() {
    let agent = |mut fake: Fake| while fake.say_bytes(&[2; 65_536]) {};
    let limit = Duration::from_millis(300);
    let error = check(agent, |stream| Session::open(stream, limit).map(drop)).unwrap_err();
    assert!(matches!(error, Error::Silent { .. }), "{error}");
}

#[test]
fn an_agent_of_another_version_is_named() {
    let agent = |mut fake: Fake| {
        let Some(HostFrame::Hello(hello)) = fake.next() else { panic!("no hello") };
        fake.say(GuestFrame::Welcome(Welcome { version: 2, ..welcome(hello) }));
        while fake.next().is_some() {}
    };
    let error = check(agent, |stream| Session::open(stream, LIMIT).map(drop)).unwrap_err();
    assert!(matches!(error, Error::Version { version: 2 }), "{error}");
}

/// What must become of an agent that says these frames after the start of a command.
fn check_broken(frames: &[GuestFrame], expected: &str) {
    let agent = |fake: &mut Fake| {
        let (_, _) = fake.accept();
        for frame in frames {
            let mut bytes = Vec::new();
            frame.encode(&mut bytes).unwrap();
            if !fake.say_bytes(&bytes) {
                return;
            }
        }
        while fake.next().is_some() {}
    };
    let error = converse(agent, |session| session.run(start(&["x"]), silent(), Some(LIMIT)));
    let error = format!("{:?}", error.unwrap_err());
    assert!(error.contains(expected), "{expected}: {error}");
}

#[test]
fn lies_are_named() {
    let exited = |exit| GuestFrame::Exited { channel: 1, exit };
    let credit = |stream| GuestFrame::Credit { channel: 1, stream, bytes: u32::MAX };
    check_broken(&[output(2, b"x")], "not open");
    check_broken(&[GuestFrame::Started { channel: 1, process: 8 }], "state of its channel");
    check_broken(&[credit(Stream::Input), credit(Stream::Output)], "state of its channel");
    check_broken(&[output(1, b""), output(1, b"x")], "after the end");
    check_broken(&[exited(agent_protocol::Exit::Status(256))], "does not exist");
    check_broken(&[exited(agent_protocol::Exit::Signal(0))], "does not exist");
    check_broken(&[GuestFrame::Done { channel: 1, bytes: 0 }], "another end");
    let pong = GuestFrame::Pong { number: 1, boottime_nanoseconds: 0 };
    check_broken(&[pong], "ping that was not sent");
    let hello = Hello { lowest: 1, highest: 1, session: 1 };
    check_broken(&[GuestFrame::Welcome(welcome(hello))], "nobody asked for");
    let code = agent_protocol::ErrorCode::Malformed;
    let error = GuestFrame::Error { code, text: b"you \x1b[2Jlie".to_vec() };
    check_broken(&[error], "you lie");
}

#[test]
fn more_than_was_granted_ends_the_session() {
    // Nobody takes what comes, so nothing more is granted.
    struct Stuck(mpsc::Receiver<()>);
    impl Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let _ = self.0.recv();
            Ok(bytes.len())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let agent = |fake: &mut Fake| {
        let (channel, _) = fake.accept();
        while fake.stream.write_all(&encoded(&output(channel, &[1; 65_536]))).is_ok() {}
    };
    let (_sender, receiver) = mpsc::channel();
    let streams = Streams { output: Box::new(Stuck(receiver)), ..silent() };
    let error = converse(agent, |session| session.run(start(&["x"]), streams, Some(LIMIT)));
    assert!(format!("{error:?}").contains("more bytes than were granted"), "{error:?}");
}

fn encoded(frame: &GuestFrame) -> Vec<u8> {
    let mut bytes = Vec::new();
    frame.encode(&mut bytes).unwrap();
    bytes
}

fn pipe() -> (OwnedFd, std::io::PipeWriter) {
    let (reader, writer) = std::io::pipe().unwrap();
    (reader.into(), writer)
}

#[test]
fn ten_megabytes_come_back_as_they_went() {
    const BYTES: usize = 10_000_000;
    let sent: Vec<u8> = (0..BYTES).map(|at| (at * 31 % 251) as u8).collect();
    let heard = Heard::default();
    let agent = |fake: &mut Fake| {
        let (channel, start) = fake.accept();
        assert!(start.has_input);
        // An echo that is as careful with credit as it should be.
        let (mut room, mut waiting) = (262_144_usize, Vec::new());
        let mut taken = 0_u32;
        let mut has_ended = false;
        while !has_ended || !waiting.is_empty() {
            match fake.next().unwrap() {
                HostFrame::Input { bytes, .. } if bytes.is_empty() => has_ended = true,
                HostFrame::Input { bytes, .. } => {
                    taken += u32::try_from(bytes.len()).unwrap();
                    assert!(taken <= 262_144);
                    waiting.extend(bytes);
                }
                HostFrame::Credit { bytes, .. } => room += bytes as usize,
                other => panic!("{other:?}"),
            }
            let now: Vec<u8> = waiting.drain(..room.min(waiting.len())).collect();
            room -= now.len();
            now.chunks(50_000).for_each(|chunk| fake.say(output(channel, chunk)));
            if taken > 100_000 && waiting.is_empty() {
                fake.say(GuestFrame::Credit { channel, stream: Stream::Input, bytes: taken });
                taken = 0;
            }
        }
        fake.exit(channel, 0);
    };
    let (input, mut writer) = pipe();
    std::thread::scope(|scope| {
        scope.spawn(|| {
            writer.write_all(&sent).unwrap();
            drop(writer);
        });
        let streams = Streams { input: Some(input), ..listening(&heard, &Heard::default()) };
        converse(agent, |session| session.run(start(&["cat"]), streams, None).unwrap());
    });
    assert!(heard.bytes() == sent);
}

#[test]
fn an_input_that_never_ends_does_not_hold_an_ended_command() {
    let (input, _writer) = pipe();
    let agent = |fake: &mut Fake| {
        let (channel, _) = fake.accept();
        fake.exit(channel, 0);
        while fake.next().is_some() {}
    };
    let streams = Streams { input: Some(input), ..silent() };
    converse(agent, |session| session.run(start(&["true"]), streams, None).unwrap());
}

#[test]
fn input_is_read_only_as_far_as_it_is_taken() {
    let (input, mut writer) = pipe();
    let reader = input.try_clone().unwrap();
    let agent = |fake: &mut Fake| {
        let (channel, _) = fake.accept();
        let mut taken = 0;
        while taken < 262_144 {
            let Some(HostFrame::Input { bytes, .. }) = fake.next() else { panic!("no input") };
            taken += bytes.len();
        }
        assert_eq!(taken, 262_144);
        fake.exit(channel, 0);
        assert_eq!(fake.next(), None);
    };
    std::thread::scope(|scope| {
        scope.spawn(move || writer.write_all(&[7; 300_000]).unwrap());
        let streams = Streams { input: Some(input), ..silent() };
        converse(agent, |session| session.run(start(&["head"]), streams, None).unwrap());
        let mut rest = Vec::new();
        std::fs::File::from(reader).read_to_end(&mut rest).unwrap();
        assert_eq!(rest.len(), 300_000 - 262_144);
    });
}

#[test]
fn a_closed_output_ends_the_command() {
    struct Gone;
    impl Write for Gone {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::BrokenPipe.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    let agent = |fake: &mut Fake| {
        let (channel, _) = fake.accept();
        fake.say(output(channel, b"y\n"));
        assert_eq!(fake.next(), Some(HostFrame::Signal { channel, number: 13 }));
        // This one does not care.
        assert_eq!(fake.next(), Some(HostFrame::Signal { channel, number: 9 }));
        fake.say(GuestFrame::Exited { channel, exit: agent_protocol::Exit::Signal(9) });
    };
    let streams = Streams { output: Box::new(Gone), ..silent() };
    let exit = converse(agent, |session| session.run(start(&["yes"]), streams, Some(LIMIT)));
    assert_eq!(exit.unwrap().code(), 137);
}

#[test]
fn a_command_that_takes_too_long_is_killed() {
    let agent = |fake: &mut Fake| {
        let (channel, _) = fake.accept();
        assert_eq!(fake.next(), Some(HostFrame::Signal { channel, number: 9 }));
        fake.say(GuestFrame::Exited { channel, exit: agent_protocol::Exit::Signal(9) });
        assert_eq!(fake.next(), None);
    };
    let limit = Some(Duration::from_millis(50));
    let error = converse(agent, |session| session.run(start(&["sleep"]), silent(), limit));
    assert!(matches!(error, Err(Error::TimeLimit { .. })), "{error:?}");
}

#[test]
fn a_refusal_is_told_and_the_session_goes_on() {
    let agent = |fake: &mut Fake| {
        let Some(HostFrame::Start { channel, .. }) = fake.next() else { panic!("no start") };
        fake.say(GuestFrame::Refused { channel, errno: 2, text: b"no such file: /x".to_vec() });
        let Some(HostFrame::Ping { number }) = fake.next() else { panic!("no ping") };
        fake.say(GuestFrame::Pong { number, boottime_nanoseconds: 5 });
    };
    converse(agent, |session| {
        let error = session.run(start(&["/x"]), silent(), None).unwrap_err();
        assert_eq!(error.to_string(), "the guest refuses: no such file: /x");
        assert_eq!(session.ping(LIMIT).unwrap(), Duration::from_nanos(5));
    });
}

#[test]
fn the_guest_s_end_is_noticed() {
    let error =
        converse(|fake| drop(fake.accept()), |session| session.run(start(&["x"]), silent(), None));
    assert!(matches!(error, Err(Error::Closed)), "{error:?}");
}

#[test]
fn files_go_both_ways() {
    let agent = |fake: &mut Fake| {
        let Some(HostFrame::Put { channel, put }) = fake.next() else { panic!("no put") };
        assert_eq!((put.mode, put.size), (0o644, 5));
        fake.say(GuestFrame::Started { channel, process: 0 });
        let bytes = b"hello".to_vec();
        assert_eq!(fake.next(), Some(HostFrame::Input { channel, bytes }));
        assert_eq!(fake.next(), Some(HostFrame::Input { channel, bytes: Vec::new() }));
        fake.say(GuestFrame::Done { channel, bytes: 5 });
        let Some(HostFrame::Get { channel, .. }) = fake.next() else { panic!("no get") };
        fake.say(GuestFrame::Started { channel, process: 0 });
        fake.say(output(channel, b"back"));
        fake.say(output(channel, b""));
        fake.say(GuestFrame::Done { channel, bytes: 4 });
        let Some(HostFrame::Get { channel, .. }) = fake.next() else { panic!("no get") };
        fake.say(GuestFrame::Started { channel, process: 0 });
        fake.say(output(channel, b""));
        fake.say(GuestFrame::Done { channel, bytes: 4 });
        while fake.next().is_some() {}
    };
    converse(agent, |session| {
        let put = Put { path: b"/x".to_vec(), mode: 0o644, size: 5 };
        session.put(put, &mut &b"hello, and more"[..]).unwrap();
        let get = || Get { path: b"/x".to_vec() };
        let mut back = Vec::new();
        assert_eq!(session.get(get(), &mut back).unwrap(), 4);
        assert_eq!(back, b"back");
        let error = session.get(get(), &mut back).unwrap_err();
        assert!(error.to_string().contains("other bytes than it sent"), "{error}");
    });
}

#[test]
fn a_source_that_is_shorter_than_it_said_is_told() {
    let agent = |fake: &mut Fake| {
        let Some(HostFrame::Put { channel, .. }) = fake.next() else { panic!("no put") };
        fake.say(GuestFrame::Started { channel, process: 0 });
        while !matches!(fake.next(), Some(HostFrame::Input { bytes, .. }) if bytes.is_empty()) {}
        fake.say(GuestFrame::Refused { channel, errno: 5, text: b"too short".to_vec() });
    };
    let put = Put { path: b"/x".to_vec(), mode: 0o644, size: 5 };
    let error = converse(agent, |session| session.put(put, &mut &b"hi"[..])).unwrap_err();
    assert!(matches!(error, Error::Host(_)), "{error:?}");
}

#[test]
fn resizing_and_signals_reach_the_command() {
    let size = agent_protocol::TerminalSize { rows: 3, columns: 4 };
    let agent = |fake: &mut Fake| {
        let (channel, start) = fake.accept();
        assert_eq!(start.terminal, Some(size));
        assert_eq!(fake.next(), Some(HostFrame::Resize { channel, size }));
        assert_eq!(fake.next(), Some(HostFrame::Signal { channel, number: 2 }));
        fake.say(GuestFrame::Exited { channel, exit: agent_protocol::Exit::Signal(2) });
    };
    converse(agent, |session| {
        let command = Start { terminal: Some(size), ..start(&["sh"]) };
        let process = session.start(command, silent()).unwrap();
        assert_eq!(process.number(), 7);
        process.controls().resize(size).unwrap();
        process.controls().signal(2).unwrap();
        assert_eq!(process.wait(None).unwrap(), Exit::Signal(2));
    });
}

/// Everything an honest agent would say, with a few bytes changed.
#[test]
fn changed_frames_end_a_session_and_nothing_else() {
    let mut seed = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = move |below: usize| {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        (seed >> 11) as usize % below
    };
    for _ in 0..300 {
        let mut said: Vec<u8> = [
            GuestFrame::Started { channel: 1, process: 7 },
            output(1, b"some output"),
            GuestFrame::Credit { channel: 1, stream: Stream::Input, bytes: 9 },
            errors(1, b"some errors"),
            output(1, b""),
            errors(1, b""),
            GuestFrame::Exited { channel: 1, exit: agent_protocol::Exit::Status(0) },
        ]
        .iter()
        .flat_map(encoded)
        .collect();
        for _ in 0..=random(3) {
            let place = random(said.len());
            said[place] ^= 1 << random(8);
        }
        said.truncate(said.len() - random(20).saturating_sub(15));
        let agent = |fake: &mut Fake| {
            let Some(HostFrame::Start { .. }) = fake.next() else { panic!("no start") };
            fake.say_bytes(&said);
        };
        // Whatever it is, it is an answer, and it comes although nothing has a limit.
        let _ = converse(agent, |session| session.run(start(&["x"]), silent(), None));
    }
}
