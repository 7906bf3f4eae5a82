//! The host's side against agents that are made up, honest ones and others.

mod fake;
mod greeting;
mod lies;
mod streams;

use agent_protocol::{Get, GuestFrame, Put};

use super::*;
use fake::*;

const LIMIT: Duration = Duration::from_secs(20);

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
