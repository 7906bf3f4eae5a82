//! The one door to processes of the host: a build of the user's own sources.

use std::collections::VecDeque;
use std::io::{self, Read};
// Guests' programs run in the sandbox. This is none: it needs the host's compiler, its home and
// its network, and it is what the user would type.
#[allow(clippy::disallowed_types)]
use std::process::Command;
use std::process::{Child, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use super::tools::{HostCall, HostOutput, HostTools};

/// More than Cargo says of a thousand crates.
const STDOUT_BYTES_MAX: usize = 64 << 20;
const TAIL_LINES: usize = 60;
const LINE_BYTES_MAX: usize = 4096;

/// Runs tools as plain processes of the host.
#[derive(Debug, Clone, Copy, Default)]
pub struct Processes;

impl HostTools for Processes {
    fn run(&self, call: &HostCall, line: &dyn Fn(&str)) -> io::Result<HostOutput> {
        let mut running = Running(start(call)?);
        let (stdout, stderr) = (running.0.stdout.take(), running.0.stderr.take());
        let (sender, receiver) = channel();
        let mut heard = Heard { stdout: Vec::new(), lines: Lines::default(), line };
        thread::scope(|scope| {
            let other = sender.clone();
            scope.spawn(move || send(stdout, &sender, Piece::Stdout));
            scope.spawn(move || send(stderr, &other, Piece::Stderr));
            heard.listen(&receiver);
        });
        let status = running.0.wait()?;
        let failure = (!status.success()).then(|| words(status));
        Ok(HostOutput { failure, stdout: heard.stdout, tail: heard.lines.finish() })
    }
}

#[allow(clippy::disallowed_types)]
fn start(call: &HostCall) -> io::Result<Child> {
    Command::new(&call.program)
        .args(&call.arguments)
        .current_dir(&call.directory)
        .env_clear()
        .envs(&call.environment)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
}

/// A process that does not outlive whoever waits for it.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        // Both fail only if it has ended and was waited for.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

enum Piece {
    Stdout(Vec<u8>),
    Stderr(Vec<u8>),
}

fn send(stream: Option<impl Read>, sender: &Sender<Piece>, wrap: fn(Vec<u8>) -> Piece) {
    let Some(mut stream) = stream else { return };
    let mut buffer = [0; 16 << 10];
    loop {
        match stream.read(&mut buffer) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            // A pipe that cannot be read has nothing more to say.
            Ok(0) | Err(_) => return,
            Ok(count) => {
                if sender.send(wrap(buffer[..count].to_vec())).is_err() {
                    return;
                }
            }
        }
    }
}

struct Heard<'a> {
    stdout: Vec<u8>,
    lines: Lines,
    line: &'a dyn Fn(&str),
}

impl Heard<'_> {
    fn listen(&mut self, receiver: &Receiver<Piece>) {
        for piece in receiver {
            match piece {
                Piece::Stdout(bytes) => {
                    let room = STDOUT_BYTES_MAX.saturating_sub(self.stdout.len());
                    self.stdout.extend_from_slice(&bytes[..bytes.len().min(room)]);
                    self.lines.push(&bytes, &|_| {});
                }
                Piece::Stderr(bytes) => self.lines.push(&bytes, self.line),
            }
        }
    }
}

/// The last lines of what a tool wrote, in bounded memory.
#[derive(Default)]
struct Lines {
    partial: Vec<u8>,
    kept: VecDeque<String>,
}

impl Lines {
    fn push(&mut self, bytes: &[u8], line: &dyn Fn(&str)) {
        for &byte in bytes {
            if byte != b'\n' {
                self.partial.push(byte);
            }
            if byte == b'\n' || self.partial.len() == LINE_BYTES_MAX {
                self.end_line(line);
            }
        }
    }

    fn end_line(&mut self, line: &dyn Fn(&str)) {
        let text = String::from_utf8_lossy(&self.partial).trim_end_matches('\r').to_owned();
        self.partial.clear();
        line(&text);
        // Cargo's messages for machines say nothing to a person.
        if text.starts_with("{\"reason\"") {
            return;
        }
        if self.kept.len() == TAIL_LINES {
            self.kept.pop_front();
        }
        self.kept.push_back(text);
    }

    fn finish(mut self) -> Vec<String> {
        if !self.partial.is_empty() {
            self.end_line(&|_| {});
        }
        self.kept.into()
    }
}

fn words(status: ExitStatus) -> String {
    use std::os::unix::process::ExitStatusExt;
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(signal)) => format!("killed by signal {signal}"),
        (None, None) => "ended".to_owned(),
    }
}
