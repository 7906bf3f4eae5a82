//! A command that runs in the guest.

use std::io::Write;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use agent_protocol::{HostFrame, Start, Stream, TerminalSize};
use rustix::event::EventfdFlags;

use super::channel::{Channel, Ended, Shape, broken};
use super::error::Error;
use super::link::Link;
use super::pumps;

/// Where a command's bytes come from and go to.
pub struct Streams {
    /// Its input; without one it reads an end at once. Read only as far as the command takes it.
    pub input: Option<OwnedFd>,
    /// Takes its output, or what its terminal shows.
    pub output: Box<dyn Write + Send>,
    /// Takes its errors; a terminal has none.
    pub errors: Box<dyn Write + Send>,
}

/// How a command ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It said so itself.
    Status(u8),
    /// A signal of this number killed it.
    Signal(u8),
}

impl Exit {
    /// What a shell would exit with.
    #[must_use]
    pub fn code(self) -> u8 {
        match self {
            Exit::Status(code) => code,
            Exit::Signal(number) => number.saturating_add(128),
        }
    }

    pub(super) fn from_guest(exit: agent_protocol::Exit) -> Option<Self> {
        match exit {
            agent_protocol::Exit::Status(code) => code.try_into().ok().map(Exit::Status),
            agent_protocol::Exit::Signal(number @ 1..=64) => {
                number.try_into().ok().map(Exit::Signal)
            }
            agent_protocol::Exit::Signal(_) => None,
        }
    }
}

/// How long an agent may think about a request; it answers at once.
const START_LIMIT: Duration = Duration::from_secs(60);
const SIGNAL_KILL: u32 = 9;
const SIGNAL_PIPE: u32 = 13;
/// How long a command that was asked to end may take.
const PATIENCE: Duration = Duration::from_secs(2);

/// A command that runs in the guest. Dropped, it runs on with nobody listening.
pub struct GuestProcess {
    controls: Controls,
    process: u32,
    input: Option<JoinHandle<()>>,
    outputs: Vec<JoinHandle<()>>,
}

/// What can be done to a command while another thread waits for it.
#[derive(Clone)]
pub struct Controls {
    link: Arc<Link>,
    channel: u32,
}

impl Controls {
    /// Sends a signal to the command's process group.
    ///
    /// # Errors
    ///
    /// If the session failed.
    pub fn signal(&self, number: u32) -> Result<(), Error> {
        self.link.send(&HostFrame::Signal { channel: self.channel, number })
    }

    /// Tells the command that its terminal has a new size.
    ///
    /// # Errors
    ///
    /// If the session failed.
    pub fn resize(&self, size: TerminalSize) -> Result<(), Error> {
        self.link.send(&HostFrame::Resize { channel: self.channel, size })
    }
}

impl GuestProcess {
    pub(super) fn start(
        link: &Arc<Link>,
        mut start: Start,
        streams: Streams,
    ) -> Result<Self, Error> {
        let shape = if start.terminal.is_some() { Shape::Output } else { Shape::Pipes };
        start.has_input = streams.input.is_some();
        let flags = EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK;
        let wake = rustix::event::eventfd(0, flags).map_err(|errno| Error::Host(errno.into()))?;
        let wake = Arc::new(wake);
        let channel = link.open_channel(Channel::new(shape, Some(Arc::clone(&wake))))?;
        let controls = Controls { link: Arc::clone(link), channel };
        if let Err(error) = link.send(&HostFrame::Start { channel, start }) {
            // The guest never heard of it.
            link.state().channels.remove(&channel);
            return Err(error);
        }
        let process = wait_for_start(link, channel)?;
        let output = pumps::pump_out(link, channel, Stream::Output, streams.output);
        let errors = pumps::pump_out(link, channel, Stream::Errors, streams.errors);
        let input = streams.input.map(|input| pumps::pump_in(link, channel, input, wake));
        let input = input.transpose().map_err(Error::Host)?;
        let outputs = vec![output.map_err(Error::Host)?, errors.map_err(Error::Host)?];
        Ok(GuestProcess { controls, process, input, outputs })
    }

    /// Its number in the guest.
    #[must_use]
    pub fn number(&self) -> u32 {
        self.process
    }

    /// What can be done to it from elsewhere.
    #[must_use]
    pub fn controls(&self) -> Controls {
        self.controls.clone()
    }

    /// Waits until it has ended and all its output was handed on.
    ///
    /// Where nobody takes its output any more it gets SIGPIPE, and then SIGKILL.
    ///
    /// # Errors
    ///
    /// If its time is over, or the session fails; then output that nobody takes is not waited for.
    pub fn wait(mut self, limit: Option<Duration>) -> Result<Exit, Error> {
        let exit = match (self.wait_for_end(limit.map(|limit| Instant::now() + limit))?, limit) {
            (Some(exit), _) => Some(exit),
            (None, limit) => {
                self.controls.signal(SIGNAL_KILL)?;
                self.wait_for_end(Some(Instant::now() + PATIENCE))?;
                return Err(Error::TimeLimit { limit: limit.unwrap_or_default() });
            }
        };
        for thread in self.outputs.drain(..).chain(self.input.take()) {
            // A writer of the caller's that panics has said so itself.
            let _ = thread.join();
        }
        exit.map_or_else(|| broken("no end"), Ok)
    }

    /// `None` if the moment comes first.
    fn wait_for_end(&self, until: Option<Instant>) -> Result<Option<Exit>, Error> {
        let Controls { link, channel } = &self.controls;
        let mut signals = [SIGNAL_PIPE, SIGNAL_KILL].into_iter().peekable();
        let mut state = link.state();
        loop {
            let known = state.channels.get(channel);
            match known.and_then(|channel| channel.ended.clone()) {
                Some(Ended::Exited(exit)) => return Ok(Some(exit)),
                Some(_) => return broken("another end than a command's"),
                None => link.check(&state)?,
            }
            let now = Instant::now();
            if until.is_some_and(|until| now >= until) {
                return Ok(None);
            }
            let broken = known.and_then(|channel| channel.broken);
            let due = broken.zip(signals.peek()).map(|(since, &signal)| match signal {
                SIGNAL_KILL => since + PATIENCE,
                _ => since,
            });
            if due.is_some_and(|due| now >= due) {
                drop(state);
                signals.next().map_or(Ok(()), |signal| self.controls.signal(signal))?;
                state = link.state();
                continue;
            }
            let next = due.into_iter().chain(until).min();
            state = link.wait(state, next);
        }
    }
}

impl Drop for GuestProcess {
    fn drop(&mut self) {
        self.controls.link.abandon(self.controls.channel);
    }
}

fn wait_for_start(link: &Link, number: u32) -> Result<u32, Error> {
    let until = Instant::now() + START_LIMIT;
    let mut state = link.state();
    loop {
        let Some(channel) = state.channels.get(&number) else { return broken("a lost channel") };
        if let Some(process) = channel.started {
            return Ok(process);
        }
        if let Some(Ended::Refused { errno, text }) = channel.ended.clone() {
            state.channels.remove(&number);
            return Err(Error::Refused { errno, text });
        }
        link.check(&state)?;
        if Instant::now() >= until {
            return Err(Error::Silent { limit: START_LIMIT });
        }
        state = link.wait(state, Some(until));
    }
}
