//! One running command of a session.

use alloc::vec::Vec;

use agent_protocol::{Data, Exit, GuestFrame, Start, Stream, TerminalSize};
use rustix::fd::OwnedFd;
use rustix::io::{self, Errno};
use rustix::process::{Pid, Rlimit, Signal, WaitStatus, kill_process_group};

use crate::child::{self, Step};
use crate::clock::{Instant, SECOND};
use crate::inlet::Inlet;
use crate::outgoing::Outgoing;
use crate::outlet::Outlet;
use crate::spawn::{self, Refusal};

pub(crate) struct Command {
    pub(crate) process: Pid,
    pub(crate) watch: Option<OwnedFd>,
    /// There until it is known whether the program runs.
    pub(crate) report: Option<OwnedFd>,
    pub(crate) input: Inlet,
    pub(crate) output: Outlet,
    pub(crate) errors: Outlet,
    program: Vec<u8>,
    user: Vec<u8>,
    directory: Vec<u8>,
    is_terminal: bool,
    end: Option<(Exit, Instant)>,
}

/// Whether a channel goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Course {
    GoesOn,
    IsFree,
}

impl Command {
    pub(crate) fn start(start: Start, open_files: Rlimit) -> Result<Self, Refusal> {
        let spawned = spawn::spawn(&start, open_files)?;
        let is_terminal = start.terminal.is_some();
        Ok(Self {
            process: spawned.process,
            watch: spawned.watch,
            report: Some(spawned.report),
            input: Inlet::new(spawned.input, is_terminal),
            output: Outlet::new(Some(spawned.output), Data::Output),
            errors: Outlet::new(spawned.errors, Data::Errors),
            program: start.arguments.into_iter().next().unwrap_or_default(),
            user: start.user,
            directory: start.directory,
            is_terminal,
            end: None,
        })
    }

    pub(crate) fn is_running(&self) -> bool {
        self.end.is_none()
    }

    /// Whether streams are open that keep the channel.
    pub(crate) fn has_open_streams(&self) -> bool {
        self.output.from.is_some() || self.errors.from.is_some()
    }

    /// Whether the program itself runs, so that its output may be read.
    pub(crate) fn is_started(&self) -> bool {
        self.report.is_none()
    }

    /// Reads whether the program runs.
    pub(crate) fn read_report(&mut self, channel: u32, outgoing: &mut Outgoing) -> Course {
        let Some(report) = &self.report else { return Course::GoesOn };
        let mut buffer = [0; 8];
        match io::read(report, &mut buffer) {
            Err(Errno::AGAIN | Errno::INTR) => return Course::GoesOn,
            Ok(count) if count > 0 => {
                let failure = buffer.get(..count).and_then(child::failure);
                let (step, errno) = failure.unwrap_or((Step::Program, Errno::IO));
                outgoing.refused(channel, self.refusal(step, errno));
                return Course::IsFree;
            }
            _ => {}
        }
        self.report = None;
        let process = self.process.as_raw_nonzero().get().unsigned_abs();
        outgoing.frame(&GuestFrame::Started { channel, process });
        Course::GoesOn
    }

    fn refusal(&self, step: Step, errno: Errno) -> Refusal {
        match step {
            Step::Streams => Refusal::new(errno, "cannot connect its streams", b""),
            Step::User => Refusal::new(errno, "cannot become user", &self.user),
            Step::Directory => Refusal::new(errno, "cannot enter directory", &self.directory),
            Step::Program if errno == Errno::NOENT => {
                Refusal::new(errno, "no such program", &self.program)
            }
            Step::Program => Refusal::new(errno, "cannot run", &self.program),
        }
    }

    pub(crate) fn grant(&mut self, stream: Stream, bytes: u32) {
        match stream {
            // The guest alone grants input; `Session` refuses this.
            Stream::Input => {}
            Stream::Output => self.output.grant(bytes),
            Stream::Errors => self.errors.grant(bytes),
        }
    }

    pub(crate) fn resize(&self, size: TerminalSize) {
        if let Some(terminal) = self.output.from.as_ref().filter(|_| self.is_terminal) {
            // A terminal that everyone left has no size.
            let _ = spawn::resize(terminal, size);
        }
    }

    /// To the whole group: what ended cannot be reached, and that is no failure.
    pub(crate) fn signal(&self, signal: Signal) {
        if self.is_running() || self.has_open_streams() {
            let _ = kill_process_group(self.process, signal);
        }
    }

    pub(crate) fn ended(&mut self, status: WaitStatus, now: Instant) {
        let exit = match (status.exit_status(), status.terminating_signal()) {
            (Some(code), _) => Exit::Status(code.unsigned_abs()),
            (None, signal) => Exit::Signal(signal.unwrap_or(0).unsigned_abs()),
        };
        self.end = Some((exit, now));
        self.watch = None;
    }

    /// Does what only time brings.
    pub(crate) fn turn(&mut self, channel: u32, now: Instant, outgoing: &mut Outgoing) -> Course {
        self.input.flush();
        if let Some(bytes) = self.input.allowance.grant() {
            outgoing.credit(channel, bytes);
        }
        let Some((exit, at)) = self.end.filter(|_| self.is_started()) else {
            return Course::GoesOn;
        };
        if !self.has_open_streams() {
            outgoing.frame(&GuestFrame::Exited { channel, exit });
            return Course::IsFree;
        }
        if now >= at + SECOND {
            self.output.only_rest();
            self.errors.only_rest();
        }
        Course::GoesOn
    }
}
