//! The agent's life: it makes itself ready, serves for ever, and ends the machine when asked.

use alloc::vec::Vec;

use agent_protocol::{Power, Role};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::fs::{self, Mode, OFlags};
use rustix::io;
use rustix::process::{Resource, Rlimit, getpid, getrlimit, setrlimit};

use crate::clock::{self, Instant, MILLISECOND, SECOND};
use crate::command_line::CommandLine;
use crate::console::{complain, log, say};
use crate::{LinkKind, Server, init, kernel, link, network, power};

const INTERRUPT: u32 = 2;
const PIPE: u32 = 13;
const TERMINATE: u32 = 15;
const CHILD: u32 = 17;

/// Runs the agent: as init if it is the first process, else as a service. As init it never returns.
pub fn run(arguments: &[&[u8]], environment: &[&[u8]]) -> i32 {
    let _ = environment;
    if arguments.get(1).is_some_and(|argument| *argument == b"--version") {
        let line = concat!("osb-agent ", env!("CARGO_PKG_VERSION"), "\n");
        return i32::from(io::write(kernel::standard_output(), line.as_bytes()).is_err());
    }
    let role = if getpid().as_raw_nonzero().get() == 1 { Role::Init } else { Role::Service };
    keep_standard_streams();
    let signals = take_signals(role);
    let line = match role {
        Role::Init => init::prepare(),
        Role::Service => CommandLine::default(),
    };
    let server = Server::new(role);
    raise_open_files();
    let mut agent = Agent { server, links: Links::default(), signals, role };
    agent.find_links();
    if role == Role::Init {
        network::bring_up(&line);
        init::offer_shell(&line);
    }
    log(concat!("osb-agent ", env!("CARGO_PKG_VERSION"), " ready"));
    agent.serve()
}

struct Agent {
    server: Server,
    links: Links,
    signals: Option<OwnedFd>,
    role: Role,
}

/// What is waited for or was found.
#[derive(Default)]
struct Links {
    has_port: bool,
    listener: Option<OwnedFd>,
    searched_at: Instant,
}

impl Agent {
    fn serve(&mut self) -> i32 {
        let born = clock::now();
        loop {
            self.turn(born);
            if let Some(action) = self.server.take_power() {
                match self.role {
                    Role::Init => power::end(action),
                    Role::Service => power::ask_init(action),
                }
            }
        }
    }

    fn turn(&mut self, born: Instant) {
        let is_searching = !self.links.has_port || self.links.listener.is_none();
        let pause = if clock::now() < born + 10 * SECOND { 50 * MILLISECOND } else { 5 * SECOND };
        let limit = if is_searching { pause } else { 3600 * SECOND };
        let others: Vec<BorrowedFd<'_>> =
            [&self.signals, &self.links.listener].into_iter().flatten().map(AsFd::as_fd).collect();
        let has_signals = self.signals.is_some();
        let ready = self.server.turn(&others, limit);
        for index in ready {
            if has_signals && index == 0 {
                self.obey_signals();
            } else {
                self.accept();
            }
        }
        if is_searching && clock::now() >= self.links.searched_at + pause {
            self.find_links();
        }
    }

    fn find_links(&mut self) {
        self.links.searched_at = clock::now();
        if !self.links.has_port {
            if let Some(port) = link::open_port() {
                let result = self.server.add(port, LinkKind::Port);
                self.links.has_port = result.is_ok();
                complain("cannot use the virtio-serial port", result);
            }
        }
        if self.links.listener.is_none() {
            self.links.listener = link::listen().ok();
        }
    }

    fn accept(&mut self) {
        let Some(listener) = &self.links.listener else { return };
        if let Some(connection) = link::accept(listener) {
            complain("cannot use a connection", self.server.add(connection, LinkKind::Connection));
        }
    }

    /// Children are looked for at each turn anyway.
    fn obey_signals(&mut self) {
        const SIGNAL_BYTES: usize = 128;
        let Some(signals) = &self.signals else { return };
        let mut buffer = [0; SIGNAL_BYTES];
        while let Ok(SIGNAL_BYTES) = io::read(signals, &mut buffer) {
            match u32::from(buffer[0]) {
                INTERRUPT => power::end(Power::Reboot),
                TERMINATE => power::end(Power::Off),
                _ => {}
            }
        }
    }
}

/// An init may be started with nothing open; what is opened next would be taken for a standard
/// stream.
fn keep_standard_streams() {
    while let Ok(file) = fs::open(c"/dev/null", OFlags::RDWR, Mode::empty()) {
        if rustix::fd::AsRawFd::as_raw_fd(&file) > 2 {
            break;
        }
        let _ = rustix::fd::IntoRawFd::into_raw_fd(file);
    }
}

/// A service ends by SIGTERM as every program does; an init reads its signals.
fn take_signals(role: Role) -> Option<OwnedFd> {
    let bit = |signal: u32| 1_u64 << (signal - 1);
    let read = match role {
        Role::Init => bit(INTERRUPT) | bit(TERMINATE) | bit(CHILD),
        Role::Service => bit(CHILD),
    };
    complain("cannot hold signals back", kernel::block_signals(read | bit(PIPE)));
    let signals = kernel::signal_descriptor(read);
    if let Err(errno) = &signals {
        say(&alloc::format!("cannot read signals: {errno}"));
    }
    signals.ok()
}

/// Commands keep the usual limit, which `Server` asked for before.
fn raise_open_files() {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    complain("cannot open more files", setrlimit(Resource::Nofile, raised));
}
