//! Serves all sessions in one loop around `poll`.

use alloc::string::String;
use alloc::vec::Vec;

use agent_protocol::{MAX_SESSIONS, Power, Role};
use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::{AsFd, BorrowedFd, OwnedFd};
use rustix::io::Errno;
use rustix::process::{Pid, Resource, Rlimit, WaitOptions, WaitStatus, getrlimit, wait, waitpid};

use crate::clock::{self, Instant, MILLISECOND, SECOND};
use crate::dying::Dying;
use crate::session::{BUFFER_BYTES, Channel, LinkKind, Session};
use crate::spawn::never_wait;

/// All sessions and what runs in them.
pub struct Server {
    guest: Guest,
    sessions: Vec<Session>,
    buffer: Vec<u8>,
    is_busy: bool,
}

/// What all sessions have in common.
pub(crate) struct Guest {
    pub(crate) role: Role,
    pub(crate) now: Instant,
    pub(crate) dying: Vec<Dying>,
    pub(crate) power: Option<Power>,
    pub(crate) open_channels: usize,
    /// What commands may open, which is less than the agent itself may.
    pub(crate) open_files: Rlimit,
    transfers: u64,
}

/// What a descriptor is for.
#[derive(Clone, Copy)]
enum Source {
    Other(usize),
    Link(usize),
    Report(usize, u32),
    Process(usize, u32),
    Input(usize, u32),
    Output(usize, u32),
    Errors(usize, u32),
}

impl Server {
    /// Without sessions yet.
    pub fn new(role: Role) -> Self {
        let guest = Guest {
            role,
            now: clock::now(),
            dying: Vec::new(),
            power: None,
            open_channels: 0,
            open_files: getrlimit(Resource::Nofile),
            transfers: 0,
        };
        Self { guest, sessions: Vec::new(), buffer: alloc::vec![0; BUFFER_BYTES], is_busy: false }
    }

    /// Serves one more link; connections beyond the limit are told so.
    ///
    /// # Errors
    ///
    /// If the descriptor cannot be made to come back at once.
    pub fn add(&mut self, link: OwnedFd, kind: LinkKind) -> Result<(), Errno> {
        never_wait(&link)?;
        let session = match kind {
            LinkKind::Connection if self.sessions.len() >= 2 * MAX_SESSIONS => return Ok(()),
            LinkKind::Connection if self.sessions.len() >= MAX_SESSIONS => {
                Session::refused(link, clock::now())
            }
            LinkKind::Port | LinkKind::Connection => Session::new(link, kind),
        };
        self.sessions.push(session);
        Ok(())
    }

    /// What a host asked to be done with the machine, once.
    pub fn take_power(&mut self) -> Option<Power> {
        self.guest.power.take()
    }

    /// How many sessions there are.
    pub fn session_count(&self) -> usize {
        self.sessions.len()
    }

    /// Waits until something is to be done, at most so long, and does it. Says which of the other
    /// descriptors are readable.
    pub fn turn(&mut self, others: &[BorrowedFd<'_>], limit: Instant) -> Vec<usize> {
        self.guest.now = clock::now();
        let ready = self.wait(others, limit);
        self.guest.now = clock::now();
        let mut ready_others = Vec::new();
        for source in ready {
            match source {
                Source::Other(index) => ready_others.push(index),
                _ => self.serve(source),
            }
        }
        self.reap();
        self.is_busy = false;
        for session in &mut self.sessions {
            self.is_busy |= session.turn(&mut self.buffer, &mut self.guest);
            session.flush(&mut self.guest);
        }
        self.sessions.retain(|session| !session.is_closed());
        self.guest.open_channels = self.sessions.iter().map(|session| session.channels.len()).sum();
        let now = self.guest.now;
        self.guest.dying.retain_mut(|dying| !dying.turn(now));
        ready_others
    }

    fn wait(&self, others: &[BorrowedFd<'_>], limit: Instant) -> Vec<Source> {
        let mut descriptors = Vec::new();
        let mut sources = Vec::new();
        for (index, other) in others.iter().enumerate() {
            descriptors.push(PollFd::new(other, PollFlags::IN));
            sources.push(Source::Other(index));
        }
        for (index, session) in self.sessions.iter().enumerate() {
            watch(session, index, self.guest.now, &mut |descriptor, flags, source| {
                descriptors.push(PollFd::from_borrowed_fd(descriptor, flags));
                sources.push(source);
            });
        }
        let limit = limit.min(self.patience());
        let timeout = Timespec {
            tv_sec: i64::try_from(limit / SECOND).unwrap_or(i64::MAX),
            tv_nsec: i64::try_from(limit % SECOND).unwrap_or(0),
        };
        if poll(&mut descriptors, Some(&timeout)).is_err() {
            return Vec::new();
        }
        let is_ready = |descriptor: &PollFd<'_>| !descriptor.revents().is_empty();
        let ready = descriptors.iter().zip(sources).filter(|(descriptor, _)| is_ready(descriptor));
        ready.map(|(_, source)| source).collect()
    }

    /// How long nothing may be looked at: ends of grandchildren's streams come by no descriptor.
    fn patience(&self) -> Instant {
        let is_quiet = |session: &Session| session.is_quiet(self.guest.now);
        if self.is_busy {
            0
        } else if !self.guest.dying.is_empty()
            || self.sessions.iter().any(Session::is_closing)
            || self.sessions.iter().any(is_quiet)
        {
            20 * MILLISECOND
        } else if self.guest.open_channels > 0 {
            100 * MILLISECOND
        } else {
            60 * SECOND
        }
    }

    fn serve(&mut self, source: Source) {
        let guest = &mut self.guest;
        let buffer = &mut self.buffer;
        let (Source::Link(index)
        | Source::Report(index, _)
        | Source::Process(index, _)
        | Source::Input(index, _)
        | Source::Output(index, _)
        | Source::Errors(index, _)
        | Source::Other(index)) = source;
        let Some(session) = self.sessions.get_mut(index) else { return };
        match source {
            Source::Other(_) => {}
            Source::Link(_) if session.wants_to_read(guest.now) => session.read(buffer, guest),
            Source::Link(_) => {}
            Source::Report(_, channel) => session.report(channel, guest),
            Source::Process(_, channel)
            | Source::Input(_, channel)
            | Source::Output(_, channel)
            | Source::Errors(_, channel) => {
                let Some(Channel::Command(command)) = session.channels.get_mut(&channel) else {
                    return;
                };
                let outgoing = &mut session.outgoing;
                match source {
                    Source::Input(..) => command.input.flush(),
                    Source::Output(..) => command.output.read(channel, buffer, outgoing),
                    Source::Errors(..) => command.errors.read(channel, buffer, outgoing),
                    _ => {}
                }
            }
        }
    }

    /// As init all children are ours, those that were left to us too; else only those we started.
    fn reap(&mut self) {
        match self.guest.role {
            Role::Init => {
                while let Ok(Some((process, status))) = wait(WaitOptions::NOHANG) {
                    self.ended(process, status);
                }
            }
            Role::Service => {
                for process in self.running() {
                    if let Ok(Some((process, status))) = waitpid(Some(process), WaitOptions::NOHANG)
                    {
                        self.ended(process, status);
                    }
                }
            }
        }
    }

    fn running(&self) -> Vec<Pid> {
        let channels = self.sessions.iter().flat_map(|session| session.channels.values());
        channels
            .filter_map(|channel| match channel {
                Channel::Command(command) if command.is_running() => Some(command.process),
                Channel::Command(_) | Channel::Incoming(_) | Channel::Leaving(_) => None,
            })
            .collect()
    }

    fn ended(&mut self, process: Pid, status: WaitStatus) {
        let now = self.guest.now;
        let channels = self.sessions.iter_mut().flat_map(|session| session.channels.values_mut());
        for channel in channels {
            if let Channel::Command(command) = channel {
                if command.process == process && command.is_running() {
                    command.ended(status, now);
                }
            }
        }
        for dying in &mut self.guest.dying {
            if dying.process == process {
                dying.reaped();
            }
        }
    }
}

impl Guest {
    /// A word that no other transfer of this agent uses.
    pub(crate) fn unique(&mut self) -> String {
        self.transfers += 1;
        alloc::format!("{}-{}", rustix::process::getpid().as_raw_nonzero(), self.transfers)
    }
}

fn watch<'a>(
    session: &'a Session,
    index: usize,
    now: Instant,
    add: &mut impl FnMut(BorrowedFd<'a>, PollFlags, Source),
) {
    let mut link = PollFlags::empty();
    link.set(PollFlags::IN, session.wants_to_read(now));
    link.set(PollFlags::OUT, !session.outgoing.is_empty());
    if !link.is_empty() && !session.is_quiet(now) {
        add(session.link.as_fd(), link, Source::Link(index));
    }
    let has_room = session.outgoing.has_room();
    for (&channel, content) in &session.channels {
        let Channel::Command(command) = content else { continue };
        if let Some(watch) = &command.watch {
            add(watch.as_fd(), PollFlags::IN, Source::Process(index, channel));
        }
        if let Some(report) = &command.report {
            add(report.as_fd(), PollFlags::IN, Source::Report(index, channel));
            continue;
        }
        if let Some(to) = command.input.to.as_ref().filter(|_| command.input.is_waiting()) {
            add(to.as_fd(), PollFlags::OUT, Source::Input(index, channel));
        }
        let outlets = [
            (&command.output, Source::Output(index, channel)),
            (&command.errors, Source::Errors(index, channel)),
        ];
        for (outlet, source) in outlets {
            if let Some(from) = outlet.from.as_ref().filter(|_| outlet.is_readable() && has_room) {
                add(from.as_fd(), PollFlags::IN, source);
            }
        }
    }
}
