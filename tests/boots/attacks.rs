//! Hostile hosts, in front of an agent that is the first process of a real guest.

use std::io::{Read, Write};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use agent_protocol::*;
use test_support::noise;

use super::artifact::{SMALL, can_boot, osb};

const PATIENCE: Duration = Duration::from_secs(300);
const HELLO: Hello = Hello { lowest: 1, highest: 1, session: 1 };

/// A guest whose agent anybody may speak to.
struct Open {
    place: tempfile::TempDir,
    hypervisor: Child,
}

impl Open {
    fn start() -> Self {
        let place = tempfile::tempdir().unwrap();
        let words = ["run", "--accel", "tcg", "--print", SMALL.to_str().unwrap()];
        let line = osb().run(words).succeeds().stdout;
        let line = line
            .replace("socket,id=agent,fd=0", "socket,id=agent,path=agent,server=on,wait=off")
            .replace("socket,id=console,fd=1", "file,id=console,path=console");
        let mut command = Command::new("sh");
        command.args(["-c", &format!("exec {line}")]).current_dir(&place).stdin(Stdio::null());
        Self { hypervisor: command.spawn().unwrap(), place }
    }

    /// A new connection, on which nothing was said.
    fn connect(&self) -> UnixStream {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match UnixStream::connect(self.place.path().join("agent")) {
                Ok(stream) => {
                    stream.set_read_timeout(Some(PATIENCE)).unwrap();
                    stream.set_write_timeout(Some(PATIENCE)).unwrap();
                    return stream;
                }
                Err(error) => assert!(Instant::now() < deadline, "{error}"),
            }
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Insists that a good host is welcome, and gives its session.
    fn session(&self, session: u64) -> Host {
        let mut host = Host { stream: self.connect(), decoder: Decoder::seeking() };
        host.stream.write_all(&virtio_greeting(Hello { session, ..HELLO }).unwrap()).unwrap();
        let is_ours =
            |frame: &GuestFrame| matches!(frame, GuestFrame::Welcome(it) if it.session == session);
        let GuestFrame::Welcome(welcome) = host.until(is_ours) else { unreachable!() };
        assert_eq!(welcome.role, Role::Init);
        host
    }

    /// Says something hostile and leaves.
    fn attack(&self, bytes: &[u8]) {
        let mut stream = self.connect();
        // The guest need not listen to the end.
        stream.set_write_timeout(Some(Duration::from_secs(2))).unwrap();
        drop(stream.write_all(bytes));
    }

    fn console(&self) -> String {
        let bytes = std::fs::read(self.place.path().join("console")).unwrap();
        String::from_utf8_lossy(&bytes).into_owned()
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        drop(self.hypervisor.kill());
        drop(self.hypervisor.wait());
    }
}

struct Host {
    stream: UnixStream,
    decoder: Decoder<GuestFrame>,
}

impl Host {
    fn send(&mut self, frame: &HostFrame) {
        self.stream.write_all(&encoded(frame)).unwrap();
    }

    /// Skips to a frame.
    fn until(&mut self, is_it: impl Fn(&GuestFrame) -> bool) -> GuestFrame {
        let mut buffer = [0; 4096];
        loop {
            while let Some(frame) = self.decoder.next().unwrap() {
                if is_it(&frame) {
                    return frame;
                }
            }
            let count = self.stream.read(&mut buffer).unwrap();
            assert!(count > 0, "the guest hung up");
            let mut bytes = &buffer[..count];
            while !bytes.is_empty() {
                bytes = &bytes[self.decoder.push(bytes)..];
            }
        }
    }

    /// Runs a command and returns how it ended.
    fn run(&mut self, channel: u32, script: &str) -> Exit {
        self.send(&start(channel, script));
        let is_end = |frame: &GuestFrame| matches!(frame, GuestFrame::Exited { channel: it, .. } if *it == channel);
        let GuestFrame::Exited { exit, .. } = self.until(is_end) else { unreachable!() };
        exit
    }
}

fn encoded(frame: &HostFrame) -> Vec<u8> {
    let mut bytes = Vec::new();
    frame.encode(&mut bytes).unwrap();
    bytes
}

fn start(channel: u32, script: &str) -> HostFrame {
    let arguments = ["sh", "-c", script].map(|word| word.as_bytes().to_vec()).to_vec();
    HostFrame::Start { channel, start: Start { arguments, ..Start::default() } }
}

#[test]
fn the_first_process_survives_every_host() {
    if !can_boot() {
        return;
    }
    let guest = Open::start();
    guest.session(2);
    let greeting = virtio_greeting(HELLO).unwrap();
    let greeted = |bytes: &[u8]| [&greeting[..], bytes].concat();
    let unknown = encoded(&HostFrame::Hello(Hello { lowest: 7, highest: 9, session: 3 }));
    let half = encoded(&start(1, "sleep 1000"));
    let attacks = [
        noise(5, 1 << 20),
        greeted(&noise(6, 1 << 20)),
        // A frame that is larger than any may be, and one of a kind that nobody knows.
        greeted(&[7, 0, 0, 0, 1, 0, 0, 0, 255, 255, 255, 255]),
        greeted(&[99; 64]),
        unknown,
        greeted(&half[..half.len() / 2]),
        greeted(&half.repeat(2)),
    ];
    for (session, bytes) in (10..).zip(&attacks) {
        guest.attack(bytes);
        guest.session(session);
    }
    assert!(!guest.console().contains("Kernel panic"), "{}", guest.console());
}

#[test]
fn the_first_process_survives_every_command() {
    const COUNT: u32 = 3000;
    if !can_boot() {
        return;
    }
    let guest = Open::start();
    let mut host = guest.session(2);
    for channel in 1..=COUNT {
        host.send(&start(channel, "exec sleep 1000"));
    }
    host.send(&HostFrame::Ping { number: 5 });
    host.until(|frame| matches!(frame, GuestFrame::Pong { number: 5, .. }));
    drop(host);
    let mut host = guest.session(3);
    // What forks away is nobody's child, and what signals the first process signals nobody.
    let away = "for i in 1 2 3 4 5 6 7 8; do (sleep 1000 & exec sleep 1 &) & done; exit 4";
    assert_eq!(host.run(1, away), Exit::Status(4));
    for signal in ["KILL", "SEGV", "ABRT", "PIPE", "STOP", "HUP"] {
        host.run(2, &format!("kill -{signal} 1"));
    }
    let bomb = "bomb() { bomb | bomb & }; ulimit -u 200; bomb; sleep 2; kill -9 -1";
    host.send(&start(3, bomb));
    host.until(|frame| matches!(frame, GuestFrame::Exited { channel: 3, .. }));
    assert_eq!(host.run(4, "exit 6"), Exit::Status(6));
    host.send(&HostFrame::Power(Power::Off));
    let mut rest = Vec::new();
    drop(host.stream.read_to_end(&mut rest));
    let console = guest.console();
    assert!(console.contains("reboot: Power down"), "{console}");
    assert!(!console.contains("Kernel panic"), "{console}");
}
