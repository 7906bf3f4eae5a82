//! Agents that break the protocol.

use std::io::Write;
use std::sync::mpsc;

use agent_protocol::{Frame, GuestFrame, Hello, Stream};

use super::*;

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
