//! Hosts that are broken or hostile.

use std::io::Write;

use agent_protocol::*;
use guest_agent::LinkKind;

use crate::host::{Guest, HELLO, Host, command, shell};

const EAGAIN: u32 = 11;
const EMFILE: u32 = 24;

/// What the guest says to some first bytes before it ends the session.
fn last_words(bytes: &[u8]) -> ErrorCode {
    let guest = Guest::new();
    let mut host = Host::new(guest.link(LinkKind::Connection));
    host.link.write_all(bytes).unwrap();
    let mut code = None;
    while let Some(frame) = host.try_next() {
        if let GuestFrame::Error { code: said, .. } = frame {
            code = Some(said);
        }
    }
    code.expect("an error")
}

fn encoded(frames: &[HostFrame]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for frame in frames {
        frame.encode(&mut bytes).unwrap();
    }
    bytes
}

#[test]
fn malformed_frames_end_the_session_with_a_word() {
    let hello = HostFrame::Hello(HELLO);
    let future = Hello { lowest: 2, highest: 9, session: 1 };
    assert_eq!(last_words(&encoded(&[HostFrame::Hello(future)])), ErrorCode::Version);
    assert_eq!(last_words(&encoded(&[HostFrame::Ping { number: 1 }])), ErrorCode::Malformed);
    assert_eq!(last_words(&encoded(&[hello.clone(), hello.clone()])), ErrorCode::Malformed);
    assert_eq!(last_words(&[7, 0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 0]), ErrorCode::TooLarge);
    let mut unknown = encoded(std::slice::from_ref(&hello));
    unknown.extend([99; 12]);
    assert_eq!(last_words(&unknown), ErrorCode::Malformed);
    let start = HostFrame::Start { channel: 1, start: command(&["true"]) };
    assert_eq!(last_words(&encoded(&[hello, start.clone(), start])), ErrorCode::Malformed);
}

#[test]
fn more_than_was_granted_ends_the_session() {
    let mut start = command(&["sleep", "100"]);
    start.has_input = true;
    let mut frames = vec![HostFrame::Hello(HELLO), HostFrame::Start { channel: 1, start }];
    let input = HostFrame::Input { channel: 1, bytes: vec![1; MAX_PAYLOAD] };
    frames.extend(std::iter::repeat_n(input, 6));
    assert_eq!(last_words(&encoded(&frames)), ErrorCode::Malformed);
}

#[test]
fn a_new_host_takes_the_port_over_from_half_a_frame() {
    let guest = Guest::new();
    let mut host = Host::new(guest.link(LinkKind::Port));
    host.link.write_all(b"noise of the firmware").unwrap();
    host.send(&HostFrame::Hello(HELLO));
    host.start(1, shell("echo $$; trap '' HUP; sleep 1000"));
    let said = host.until(|frame| matches!(frame, GuestFrame::Output { .. }));
    let GuestFrame::Output { bytes, .. } = said else { unreachable!() };
    let process = String::from_utf8(bytes).unwrap();
    let input = HostFrame::Input { channel: 1, bytes: vec![1; MAX_PAYLOAD] };
    host.link.write_all(&encoded(&[input])[..1000]).unwrap();
    host.link.write_all(&virtio_greeting(Hello { session: 8, ..HELLO }).unwrap()).unwrap();
    host.until(|frame| matches!(frame, GuestFrame::Welcome(welcome) if welcome.session == 8));
    host.is_alive();
    let place = format!("/proc/{}", process.trim());
    while std::path::Path::new(&place).exists() {
        std::thread::sleep(std::time::Duration::from_millis(20));
    }
}

#[test]
fn thousands_of_commands_are_bounded() {
    const COUNT: u32 = 3000;
    let guest = Guest::new();
    let mut host = guest.session();
    let mut writer = host.link.try_clone().unwrap();
    let sender = std::thread::spawn(move || {
        for channel in 1..=COUNT {
            let start = command(&["sleep", "1000"]);
            writer.write_all(&encoded(&[HostFrame::Start { channel, start }])).unwrap();
        }
    });
    let (mut started, mut refused) = (0, 0);
    while started + refused < COUNT {
        match host.next() {
            GuestFrame::Started { .. } => started += 1,
            GuestFrame::Refused { errno, .. } => {
                assert!([EAGAIN, EMFILE].contains(&errno), "{errno}");
                refused += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    sender.join().unwrap();
    assert!(started > 50 && started <= 1024, "{started}");
    host.is_alive();
}

#[test]
fn a_grandchild_that_holds_the_pipes_does_not_hold_the_channel() {
    let guest = Guest::new();
    let mut host = guest.session();
    host.start(1, shell("setsid sleep 5 & echo done"));
    host.start(2, shell("setsid timeout 5 yes & exit 4"));
    let outcomes = host.finish_all(&[1, 2]);
    assert_eq!((outcomes[&1].text(), outcomes[&1].exit), ("done\n", Some(Exit::Status(0))));
    assert_eq!(outcomes[&2].exit, Some(Exit::Status(4)));
}

#[test]
fn a_command_that_ignores_its_input_blocks_no_other() {
    let guest = Guest::new();
    let mut host = guest.session();
    let mut start = command(&["sleep", "1000"]);
    start.has_input = true;
    host.start(1, start);
    for _ in 0..4 {
        host.send(&HostFrame::Input { channel: 1, bytes: vec![0; MAX_PAYLOAD] });
    }
    host.start(2, shell("echo here"));
    host.until(|frame| matches!(frame, GuestFrame::Exited { channel: 2, .. }));
    // One that is gone grants all again, so that the host is not left waiting.
    host.send(&HostFrame::Signal { channel: 1, number: 9 });
    assert_eq!(host.finish(1).exit, Some(Exit::Signal(9)));
}

#[test]
fn a_host_that_does_not_read_stops_only_itself() {
    let guest = Guest::new();
    let mut deaf = guest.session();
    for channel in 1..=20 {
        deaf.start(channel, command(&["yes"]));
    }
    let mut host = guest.session();
    host.start(1, shell("echo here"));
    assert_eq!(host.finish(1).text(), "here\n");
}

#[test]
fn the_seventeenth_session_is_told_so() {
    let guest = Guest::new();
    let mut hosts: Vec<Host> = (0..MAX_SESSIONS).map(|_| guest.session()).collect();
    let mut last = Host::new(guest.link(LinkKind::Connection));
    assert!(matches!(last.next(), GuestFrame::Error { code: ErrorCode::TooMany, .. }));
    hosts.iter_mut().for_each(Host::is_alive);
}

#[test]
fn frames_for_free_channels_are_ignored() {
    let guest = Guest::new();
    let mut host = guest.session();
    host.send(&HostFrame::Input { channel: 9, bytes: vec![1; 100] });
    host.send(&HostFrame::Signal { channel: 9, number: 9 });
    host.send(&HostFrame::Resize { channel: 9, size: TerminalSize::default() });
    host.send(&HostFrame::Credit { channel: 9, stream: Stream::Output, bytes: u32::MAX >> 4 });
    host.is_alive();
}

#[test]
fn changed_frames_never_stop_the_server() {
    let guest = Guest::new();
    let mut state = 1_u64;
    let mut random = move |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        usize::try_from(state >> 33).unwrap() % below
    };
    let start = HostFrame::Start { channel: 1, start: command(&["true"]) };
    let resize = HostFrame::Resize { channel: 1, size: TerminalSize::default() };
    let input = HostFrame::Input { channel: 1, bytes: b"abc".to_vec() };
    let get = HostFrame::Get { channel: 2, get: Get { path: b"/etc/passwd".to_vec() } };
    let hello = encoded(&[HostFrame::Hello(HELLO)]);
    let seed = encoded(&[start, resize, input, get, HostFrame::Ping { number: 3 }]);
    for _ in 0..300 {
        let mut bytes = seed.clone();
        for _ in 0..=random(3) {
            let place = random(bytes.len());
            bytes[place] = u8::try_from(random(256)).unwrap();
        }
        let mut link = guest.link(LinkKind::Connection);
        // The guest may have hung up already.
        let _ = link.write_all(&[&hello[..], &bytes].concat());
        let _ = link.shutdown(std::net::Shutdown::Write);
        let _ = std::io::copy(&mut link, &mut std::io::sink());
    }
    guest.session().is_alive();
}
