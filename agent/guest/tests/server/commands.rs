//! Commands as a good host starts them.

use std::io::Write;

use agent_protocol::*;

use crate::host::{Guest, Host, command, shell};

const ENOENT: u32 = 2;
const EACCES: u32 = 13;

#[test]
fn output_errors_and_status_come_back() {
    let guest = Guest::new();
    let mut host = guest.session();
    host.start(1, shell("echo out; echo err >&2; exit 3"));
    let outcome = host.finish(1);
    assert_eq!(outcome.text(), "out\n");
    assert_eq!(outcome.errors, b"err\n");
    assert_eq!(outcome.exit, Some(Exit::Status(3)));
    host.start(1, shell("kill -9 $$"));
    assert_eq!(host.finish(1).exit, Some(Exit::Signal(9)));
}

#[test]
fn environment_directory_and_path_are_as_asked() {
    let guest = Guest::new();
    let mut host = guest.session();
    let mut start = shell("pwd; echo $A $HOME $USER ${TERM-none}");
    start.environment = vec![b"A=b".to_vec(), b"USER=me".to_vec()];
    start.directory = b"/tmp".to_vec();
    host.start(1, start.clone());
    assert_eq!(host.finish(1).text(), "/tmp\nb /root me none\n");
    start.is_environment_cleared = true;
    start.arguments = vec![b"/usr/bin/env".to_vec()];
    host.start(1, start);
    assert_eq!(host.finish(1).text(), "A=b\nUSER=me\n");
}

#[test]
fn what_cannot_run_is_refused_with_its_reason() {
    let guest = Guest::new();
    let mut host = guest.session();
    let refusal = |host: &mut Host, start| {
        host.start(5, start);
        host.finish(5).refused.unwrap()
    };
    assert_eq!(
        refusal(&mut host, command(&["no-such-program"])),
        (ENOENT, "no such program: no-such-program".into())
    );
    assert_eq!(refusal(&mut host, command(&["/etc/passwd"])).0, EACCES);
    let mut start = command(&["true"]);
    start.directory = b"/no/such".to_vec();
    assert_eq!(refusal(&mut host, start.clone()).1, "cannot enter directory: /no/such");
    start.user = b"no-such-user".to_vec();
    assert_eq!(refusal(&mut host, start).1, "no such user: no-such-user");
    host.start(5, command(&["true"]));
    assert_eq!(host.finish(5).exit, Some(Exit::Status(0)));
}

#[test]
fn users_and_groups_are_taken_on() {
    let guest = Guest::new();
    let mut host = guest.session();
    for (user, says) in
        [("", "0 0 0"), ("daemon", "1 1 1"), ("1:2", "1 2 2"), ("4242", "4242 4242 4242")]
    {
        let mut start = shell("echo $(id -u) $(id -g) $(id -G)");
        start.user = user.as_bytes().to_vec();
        host.start(1, start);
        assert_eq!(host.finish(1).text().trim(), says, "{user:?}");
    }
}

#[test]
fn a_terminal_has_a_size_that_changes() {
    let guest = Guest::new();
    let mut host = guest.session();
    let mut start =
        shell("trap 'stty size; exit 5' WINCH; stty size; tty; while :; do read x; done");
    start.terminal = Some(TerminalSize { rows: 24, columns: 80 });
    start.has_input = true;
    host.start(1, start);
    let mut seen = String::new();
    let mut gather = |host: &mut Host, wanted: &str| {
        host.until(|frame| {
            if let GuestFrame::Output { bytes, .. } = frame {
                seen.push_str(&String::from_utf8_lossy(bytes));
            }
            seen.contains(wanted)
        });
    };
    gather(&mut host, "24 80\r\n/dev/pts/");
    host.send(&HostFrame::Resize { channel: 1, size: TerminalSize { rows: 50, columns: 132 } });
    host.send(&HostFrame::Input { channel: 1, bytes: b"\n".to_vec() });
    gather(&mut host, "50 132");
    assert_eq!(host.finish(1).exit, Some(Exit::Status(5)));
}

#[test]
fn a_terminal_interrupts_and_ends() {
    let guest = Guest::new();
    let mut host = guest.session();
    let mut start = command(&["cat"]);
    start.terminal = Some(TerminalSize::default());
    start.has_input = true;
    host.start(1, start.clone());
    host.until(|frame| matches!(frame, GuestFrame::Started { .. }));
    host.send(&HostFrame::Input { channel: 1, bytes: b"\x03".to_vec() });
    assert_eq!(host.finish(1).exit, Some(Exit::Signal(2)));
    host.start(1, start);
    host.send(&HostFrame::Input { channel: 1, bytes: b"hi\n".to_vec() });
    host.send(&HostFrame::Input { channel: 1, bytes: Vec::new() });
    let outcome = host.finish(1);
    assert_eq!(outcome.exit, Some(Exit::Status(0)));
    assert_eq!(outcome.text().matches("hi").count(), 2);
}

#[test]
fn signals_reach_the_whole_group() {
    let guest = Guest::new();
    let mut host = guest.session();
    host.start(1, shell("sleep 100 & sleep 100 & echo ready; wait"));
    host.until(|frame| matches!(frame, GuestFrame::Output { bytes, .. } if bytes == b"ready\n"));
    host.send(&HostFrame::Signal { channel: 1, number: 15 });
    assert_eq!(host.finish(1).exit, Some(Exit::Signal(15)));
}

#[test]
fn a_hundred_megabytes_pass_unharmed() {
    const TOTAL: usize = 100 << 20;
    let byte = |place: usize| u8::try_from((place ^ (place >> 8) ^ (place >> 16)) & 0xff).unwrap();
    let pattern: Vec<u8> = (0..TOTAL).map(byte).collect();
    let guest = Guest::new();
    let mut host = guest.session();
    let mut start = command(&["cat"]);
    start.has_input = true;
    host.start(1, start);
    let (mut sent, mut got, mut credit) = (0, 0, INITIAL_CREDIT as usize);
    loop {
        while credit > 0 && sent < TOTAL {
            let count = credit.min(MAX_PAYLOAD).min(TOTAL - sent);
            let mut bytes = Vec::new();
            encode_data(Data::Input, 1, &pattern[sent..sent + count], &mut bytes).unwrap();
            host.link.write_all(&bytes).unwrap();
            sent += count;
            credit -= count;
            if sent == TOTAL {
                host.send(&HostFrame::Input { channel: 1, bytes: Vec::new() });
            }
        }
        match host.next() {
            GuestFrame::Credit { bytes, .. } => credit += bytes as usize,
            GuestFrame::Output { bytes, .. } if !bytes.is_empty() => {
                assert!(bytes == pattern[got..got + bytes.len()], "at {got}");
                got += bytes.len();
                let bytes = u32::try_from(bytes.len()).unwrap();
                host.send(&HostFrame::Credit { channel: 1, stream: Stream::Output, bytes });
            }
            GuestFrame::Exited { exit, .. } => {
                assert_eq!(exit, Exit::Status(0));
                break;
            }
            _ => {}
        }
    }
    assert_eq!(got, TOTAL);
}
