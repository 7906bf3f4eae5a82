//! The stream to the guest, shared by all who speak on it.

use std::collections::BTreeMap;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

use agent_protocol::{
    Data, Decoder, Frame, GuestFrame, HostFrame, Malformed, Welcome, encode_data,
};

use super::channel::{Channel, broken};
use super::error::Error;
use crate::locks::{locked, wait_on};
use crate::text::short;

/// An agent reads at once; one that does not for so long never will.
const WRITE_LIMIT: Duration = Duration::from_secs(30);
const READ_BYTES: usize = 65_536;

pub(super) struct Link {
    /// The number by which `welcome` is recognised.
    pub number: u64,
    stream: UnixStream,
    writer: Mutex<UnixStream>,
    state: Mutex<State>,
    changed: Condvar,
}

pub(super) struct State {
    pub welcome: Option<Welcome>,
    /// How many more times the guest may say welcome.
    pub welcomes_due: u32,
    pub channels: BTreeMap<u32, Channel>,
    last_channel: u32,
    pong: Option<(u64, u64)>,
    last_ping: u64,
    closed: Option<Closed>,
}

/// Why a session is over.
#[derive(Debug, Clone)]
pub(super) enum Closed {
    ByUs,
    ByGuest,
    Stream(io::ErrorKind),
    Malformed(Malformed),
    Broken(&'static str),
    Agent(String),
}

impl Closed {
    fn error(&self) -> Error {
        match self {
            Closed::ByUs => Error::Ended,
            Closed::ByGuest => Error::Closed,
            Closed::Stream(kind) => Error::Stream((*kind).into()),
            Closed::Malformed(malformed) => Error::Malformed(*malformed),
            Closed::Broken(what) => Error::Broken { what },
            Closed::Agent(text) => Error::Agent { text: text.clone() },
        }
    }
}

impl From<Error> for Closed {
    fn from(error: Error) -> Self {
        match error {
            Error::Broken { what } => Closed::Broken(what),
            Error::Agent { text } => Closed::Agent(text),
            Error::Malformed(malformed) => Closed::Malformed(malformed),
            Error::Stream(error) => Closed::Stream(error.kind()),
            _ => Closed::ByUs,
        }
    }
}

impl Link {
    /// Starts to listen on a stream.
    pub(super) fn new(stream: UnixStream, number: u64) -> io::Result<Arc<Self>> {
        stream.set_nonblocking(false)?;
        stream.set_read_timeout(None)?;
        stream.set_write_timeout(Some(WRITE_LIMIT))?;
        let (reader, writer) = (stream.try_clone()?, Mutex::new(stream.try_clone()?));
        let state = Mutex::new(State {
            welcome: None,
            welcomes_due: 0,
            channels: BTreeMap::new(),
            last_channel: 0,
            pong: None,
            last_ping: 0,
            closed: None,
        });
        let link = Arc::new(Link { number, stream, writer, state, changed: Condvar::new() });
        let listening = Arc::clone(&link);
        let thread = std::thread::Builder::new().name("agent".into());
        thread.spawn(move || {
            let closed = listening.listen(reader).map_or_else(Closed::from, |()| Closed::ByGuest);
            listening.close(closed);
        })?;
        Ok(link)
    }

    pub(super) fn send(&self, frame: &HostFrame) -> Result<(), Error> {
        let mut bytes = Vec::new();
        frame.encode(&mut bytes).map_err(Error::Unsendable)?;
        self.write(&bytes)
    }

    pub(super) fn send_input(&self, channel: u32, input: &[u8]) -> Result<(), Error> {
        let mut bytes = Vec::with_capacity(input.len() + agent_protocol::HEADER_BYTES);
        encode_data(Data::Input, channel, input, &mut bytes).map_err(Error::Unsendable)?;
        self.write(&bytes)
    }

    fn write(&self, bytes: &[u8]) -> Result<(), Error> {
        let Err(error) = locked(&self.writer).write_all(bytes) else { return Ok(()) };
        if has_left(&error) {
            // What the guest said before it left is still to be read; its end comes after that.
            return Err(self.check(&self.state()).err().unwrap_or(Error::Closed));
        }
        // Half a frame may be on its way.
        self.close(Closed::Stream(error.kind()));
        Err(Error::Stream(error))
    }

    /// Ends the session; the first reason counts.
    pub(super) fn close(&self, closed: Closed) {
        let mut state = self.state();
        state.closed.get_or_insert(closed);
        state.channels.values().filter_map(|channel| channel.wake.as_deref()).for_each(wake);
        drop(state);
        // It may be closed by now.
        let _ = self.stream.shutdown(Shutdown::Both);
        self.changed.notify_all();
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        locked(&self.state)
    }

    /// Waits for a change of the state, or until a moment.
    pub(super) fn wait<'a>(
        &self,
        state: MutexGuard<'a, State>,
        until: Option<Instant>,
    ) -> MutexGuard<'a, State> {
        wait_on(&self.changed, state, until)
    }

    pub(super) fn tell_change(&self) {
        self.changed.notify_all();
    }

    /// Fails if the session is over.
    pub(super) fn check(&self, state: &State) -> Result<(), Error> {
        state.closed.as_ref().map_or(Ok(()), |closed| Err(closed.error()))
    }

    /// Opens a channel under a number that is not in use.
    pub(super) fn open_channel(&self, channel: Channel) -> Result<u32, Error> {
        let mut state = self.state();
        self.check(&state)?;
        let mut number = state.last_channel.wrapping_add(1);
        while number == 0 || state.channels.contains_key(&number) {
            number = number.wrapping_add(1);
        }
        state.last_channel = number;
        state.channels.insert(number, channel);
        Ok(number)
    }

    /// Loses interest in a channel; its number stays taken until the guest's last word.
    pub(super) fn abandon(&self, number: u32) {
        let mut state = self.state();
        let Some(channel) = state.channels.get_mut(&number) else { return };
        if channel.ended.is_some() {
            state.channels.remove(&number);
        } else {
            channel.is_abandoned = true;
            channel.wake.as_deref().into_iter().for_each(wake);
            channel.output.bytes = Vec::new();
            channel.errors.bytes = Vec::new();
        }
    }

    pub(super) fn ping(&self, limit: Duration) -> Result<Duration, Error> {
        let until = Instant::now() + limit;
        let number = {
            let mut state = self.state();
            state.last_ping += 1;
            state.last_ping
        };
        self.send(&HostFrame::Ping { number })?;
        let mut state = self.state();
        loop {
            if let Some((_, time)) = state.pong.filter(|(echoed, _)| *echoed >= number) {
                return Ok(Duration::from_nanos(time));
            }
            self.check(&state)?;
            if Instant::now() >= until {
                return Err(Error::Silent { limit });
            }
            state = self.wait(state, Some(until));
        }
    }

    fn listen(&self, mut reader: UnixStream) -> Result<(), Error> {
        let mut decoder = Decoder::<GuestFrame>::seeking();
        let mut buffer = vec![0; READ_BYTES];
        loop {
            let count = match reader.read(&mut buffer) {
                Ok(0) => return Ok(()),
                Ok(count) => count,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Err(error) if has_left(&error) => return Ok(()),
                Err(error) => return Err(Error::Stream(error)),
            };
            let mut rest = &buffer[..count];
            while !rest.is_empty() {
                let taken = decoder.push(rest);
                rest = rest.get(taken..).unwrap_or_default();
                while let Some(frame) = decoder.next().map_err(Error::Malformed)? {
                    if !self.hear(frame)? {
                        decoder.seek();
                    }
                }
            }
        }
    }

    /// Takes in a frame; false if it was meant for a host before us.
    fn hear(&self, frame: GuestFrame) -> Result<bool, Error> {
        let mut state = self.state();
        let is_ours = match frame {
            GuestFrame::Welcome(welcome) => self.hear_welcome(&mut state, welcome)?,
            GuestFrame::Error { text, .. } => return Err(Error::Agent { text: short(&text) }),
            GuestFrame::Pong { number, boottime_nanoseconds } => {
                if number > state.last_ping {
                    return broken("an answer to a ping that was not sent");
                }
                state.pong = Some((number, boottime_nanoseconds));
                true
            }
            frame => {
                hear_channel(&mut state, frame)?;
                true
            }
        };
        drop(state);
        self.changed.notify_all();
        Ok(is_ours)
    }

    /// Each `hello` may be answered, and only the first answer matters.
    fn hear_welcome(&self, state: &mut State, welcome: Welcome) -> Result<bool, Error> {
        if welcome.session != self.number && state.welcome.is_none() {
            return Ok(false);
        }
        let Some(left) = state.welcomes_due.checked_sub(1) else {
            return broken("a welcome that nobody asked for");
        };
        state.welcomes_due = left;
        state.welcome.get_or_insert(welcome);
        Ok(true)
    }
}

/// The other side may close with or without having read everything.
fn has_left(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset)
}

fn hear_channel(state: &mut State, frame: GuestFrame) -> Result<(), Error> {
    let number = match &frame {
        GuestFrame::Started { channel, .. }
        | GuestFrame::Refused { channel, .. }
        | GuestFrame::Output { channel, .. }
        | GuestFrame::Errors { channel, .. }
        | GuestFrame::Credit { channel, .. }
        | GuestFrame::Exited { channel, .. }
        | GuestFrame::Done { channel, .. } => *channel,
        GuestFrame::Welcome(_) | GuestFrame::Error { .. } | GuestFrame::Pong { .. } => 0,
    };
    let Some(channel) = state.channels.get_mut(&number) else {
        return broken("a frame for a channel that is not open");
    };
    channel.hear(frame)?;
    if channel.ended.is_some() {
        channel.wake.as_deref().into_iter().for_each(wake);
        if channel.is_abandoned {
            state.channels.remove(&number);
        }
    }
    Ok(())
}

/// Wakes who polls an event descriptor.
fn wake(event: &std::os::fd::OwnedFd) {
    // It can only fail when it was woken 2^64 times already.
    let _ = rustix::io::write(event, &1u64.to_ne_bytes());
}
