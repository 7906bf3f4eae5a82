//! One host's conversation with the guest.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;

use agent_protocol::{
    Decoder, ErrorCode, GuestFrame, Hello, HostFrame, INITIAL_CREDIT, MAX_CHANNELS, MAX_PAYLOAD,
    Malformed, Start, Stream, VERSION, Welcome,
};
use rustix::fd::OwnedFd;
use rustix::io::{self, Errno};
use rustix::process::Signal;

use crate::clock::{self, Instant, MILLISECOND, SECOND};
use crate::command::{Command, Course};
use crate::dying::Dying;
use crate::outgoing::Outgoing;
use crate::server::Guest;
use crate::spawn::Refusal;
use crate::transfer::{Incoming, Leaving};

/// What carries a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkKind {
    /// One session after another, for ever.
    Port,
    /// One session, then its end.
    Connection,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nobody said hello yet.
    Silent,
    Open,
    /// The last words are on their way.
    Closing(Instant),
    Closed,
}

pub(crate) enum Channel {
    Command(Command),
    Incoming(Incoming),
    Leaving(Leaving),
}

pub(crate) struct Session {
    pub(crate) link: OwnedFd,
    pub(crate) channels: BTreeMap<u32, Channel>,
    pub(crate) outgoing: Outgoing,
    kind: LinkKind,
    decoder: Decoder<HostFrame>,
    state: State,
    /// A port without a host is always readable: it is asked again only now and then.
    quiet_until: Instant,
}

/// What ends a session.
struct Fault(ErrorCode, Vec<u8>);

impl Session {
    pub(crate) fn new(link: OwnedFd, kind: LinkKind) -> Self {
        let decoder = match kind {
            LinkKind::Port => Decoder::seeking(),
            LinkKind::Connection => Decoder::new(),
        };
        Self {
            link,
            channels: BTreeMap::new(),
            outgoing: Outgoing::default(),
            kind,
            decoder,
            state: State::Silent,
            quiet_until: 0,
        }
    }

    /// For one too many: says so and ends.
    pub(crate) fn refused(link: OwnedFd, now: Instant) -> Self {
        let mut session = Self::new(link, LinkKind::Connection);
        let text = b"too many sessions".to_vec();
        session.outgoing.frame(&GuestFrame::Error { code: ErrorCode::TooMany, text });
        session.state = State::Closing(now + SECOND);
        session
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.state == State::Closed
    }

    pub(crate) fn is_closing(&self) -> bool {
        matches!(self.state, State::Closing(_))
    }

    pub(crate) fn is_quiet(&self, now: Instant) -> bool {
        now < self.quiet_until
    }

    pub(crate) fn wants_to_read(&self, now: Instant) -> bool {
        match self.state {
            State::Silent | State::Open => !self.outgoing.is_full() && !self.is_quiet(now),
            // A socket closed with bytes unread may take our last words with it.
            State::Closing(_) => true,
            State::Closed => false,
        }
    }

    /// Reads once and obeys.
    pub(crate) fn read(&mut self, buffer: &mut [u8], guest: &mut Guest) {
        let count = match io::read(&self.link, &mut *buffer) {
            Ok(count) if count > 0 => count,
            Err(Errno::AGAIN | Errno::INTR) => return,
            _ => return self.hang_up(guest),
        };
        let mut rest = buffer.get(..count).unwrap_or_default();
        while !rest.is_empty() && matches!(self.state, State::Silent | State::Open) {
            let taken = self.decoder.push(rest);
            rest = rest.get(taken..).unwrap_or_default();
            self.obey_all(guest);
        }
    }

    fn obey_all(&mut self, guest: &mut Guest) {
        while matches!(self.state, State::Silent | State::Open) {
            let fault = match self.decoder.next() {
                Ok(None) => return,
                Ok(Some(frame)) => match self.obey(frame, guest) {
                    Ok(()) => continue,
                    Err(fault) => fault,
                },
                Err(malformed) => malformed.into(),
            };
            self.fail(fault, guest);
        }
    }

    fn fail(&mut self, Fault(code, text): Fault, guest: &mut Guest) {
        self.end_all(guest);
        self.outgoing.frame(&GuestFrame::Error { code, text });
        match self.kind {
            LinkKind::Port => {
                self.decoder.seek();
                self.state = State::Silent;
            }
            LinkKind::Connection => self.state = State::Closing(guest.now + SECOND),
        }
    }

    /// The other side is gone.
    pub(crate) fn hang_up(&mut self, guest: &mut Guest) {
        self.end_all(guest);
        self.outgoing.clear();
        match self.kind {
            LinkKind::Port => {
                self.decoder = Decoder::seeking();
                self.state = State::Silent;
                self.quiet_until = guest.now + 50 * MILLISECOND;
            }
            LinkKind::Connection => self.state = State::Closed,
        }
    }

    fn obey(&mut self, frame: HostFrame, guest: &mut Guest) -> Result<(), Fault> {
        if let HostFrame::Hello(hello) = frame {
            return self.greet(hello, guest);
        }
        if self.state != State::Open {
            return Err(malformed("a frame before hello"));
        }
        match frame {
            HostFrame::Hello(_) => {}
            HostFrame::Start { channel, start } => self.start(channel, start, guest)?,
            HostFrame::Put { channel, put } => {
                self.open(channel, guest, |guest| {
                    let unique = guest.unique();
                    Incoming::open(&put, &unique).map(Channel::Incoming)
                })?;
            }
            HostFrame::Get { channel, get } => {
                self.open(channel, guest, |_| Leaving::open(&get).map(Channel::Leaving))?;
            }
            HostFrame::Input { channel, bytes } => self.input(channel, &bytes)?,
            HostFrame::Credit { channel, stream, bytes } => self.grant(channel, stream, bytes)?,
            HostFrame::Resize { channel, size } => {
                if let Some(Channel::Command(command)) = self.channels.get(&channel) {
                    command.resize(size);
                }
            }
            HostFrame::Signal { channel, number } => self.signal(channel, number),
            HostFrame::Power(power) => guest.power = Some(power),
            HostFrame::Ping { number } => {
                let boottime_nanoseconds = clock::now();
                self.outgoing.frame(&GuestFrame::Pong { number, boottime_nanoseconds });
            }
        }
        Ok(())
    }

    fn greet(&mut self, hello: Hello, guest: &mut Guest) -> Result<(), Fault> {
        match self.kind {
            LinkKind::Connection if self.state == State::Open => {
                return Err(malformed("a second hello"));
            }
            // What a dead host did not read is in the port already; the new one looks for welcome.
            LinkKind::Port | LinkKind::Connection => self.end_all(guest),
        }
        if !(hello.lowest..=hello.highest).contains(&VERSION) {
            return Err(Fault(ErrorCode::Version, b"this agent speaks version 1".to_vec()));
        }
        self.state = State::Open;
        self.outgoing.frame(&GuestFrame::Welcome(Welcome {
            session: hello.session,
            version: VERSION,
            role: guest.role,
            boottime_nanoseconds: clock::now(),
            kernel_release: rustix::system::uname().release().to_bytes().to_vec(),
            agent_version: env!("CARGO_PKG_VERSION").into(),
        }));
        Ok(())
    }

    fn start(&mut self, channel: u32, start: Start, guest: &mut Guest) -> Result<(), Fault> {
        self.open(channel, guest, |guest| {
            Command::start(start, guest.open_files).map(Channel::Command)
        })
    }

    /// Files are started as soon as they are open, commands when their program runs.
    fn open(
        &mut self,
        channel: u32,
        guest: &mut Guest,
        make: impl FnOnce(&mut Guest) -> Result<Channel, Refusal>,
    ) -> Result<(), Fault> {
        if self.channels.contains_key(&channel) {
            return Err(malformed("the channel is taken"));
        }
        if guest.open_channels >= MAX_CHANNELS {
            let refusal = Refusal::new(Errno::AGAIN, "too many commands and files", b"");
            self.outgoing.refused(channel, refusal);
            return Ok(());
        }
        match make(guest) {
            Ok(made) => {
                if !matches!(made, Channel::Command(_)) {
                    self.outgoing.frame(&GuestFrame::Started { channel, process: 0 });
                }
                guest.open_channels += 1;
                self.channels.insert(channel, made);
            }
            Err(refusal) => self.outgoing.refused(channel, refusal),
        }
        Ok(())
    }

    fn input(&mut self, channel: u32, bytes: &[u8]) -> Result<(), Fault> {
        let overrun = |_| malformed("more bytes than were granted");
        match self.channels.get_mut(&channel) {
            // It crossed the guest's last word on the channel.
            None => {}
            Some(Channel::Command(command)) => command.input.push(bytes).map_err(overrun)?,
            Some(Channel::Leaving(_)) => return Err(malformed("input for a file that is read")),
            Some(Channel::Incoming(file)) => {
                let course = file.push(channel, bytes, &mut self.outgoing).map_err(overrun)?;
                if course == Course::IsFree {
                    self.channels.remove(&channel);
                }
            }
        }
        Ok(())
    }

    fn grant(&mut self, channel: u32, stream: Stream, bytes: u32) -> Result<(), Fault> {
        if stream == Stream::Input || bytes > INITIAL_CREDIT.saturating_mul(4096) {
            return Err(malformed("credit that is not the host's to give"));
        }
        match self.channels.get_mut(&channel) {
            Some(Channel::Command(command)) => command.grant(stream, bytes),
            Some(Channel::Leaving(file)) => file.grant(bytes),
            Some(Channel::Incoming(_)) | None => {}
        }
        Ok(())
    }

    fn signal(&self, channel: u32, number: u32) {
        let signal = i32::try_from(number).ok().and_then(Signal::from_named_raw);
        if let (Some(Channel::Command(command)), Some(signal)) =
            (self.channels.get(&channel), signal)
        {
            command.signal(signal);
        }
    }

    /// Reads from files and does what only time brings; true if there is more to do at once.
    pub(crate) fn turn(&mut self, buffer: &mut [u8], guest: &mut Guest) -> bool {
        let mut is_busy = false;
        let outgoing = &mut self.outgoing;
        self.channels.retain(|channel, content| {
            let course = match content {
                Channel::Command(command) => {
                    for outlet in [&mut command.output, &mut command.errors] {
                        if outlet.is_resting() && outgoing.has_room() {
                            outlet.read(*channel, buffer, outgoing);
                            is_busy = true;
                        }
                    }
                    command.turn(*channel, guest.now, outgoing)
                }
                Channel::Leaving(file) if file.is_readable() && outgoing.has_room() => {
                    is_busy = true;
                    file.read(*channel, buffer, outgoing)
                }
                Channel::Leaving(_) | Channel::Incoming(_) => Course::GoesOn,
            };
            course == Course::GoesOn
        });
        is_busy
    }

    /// Sends what can be sent.
    pub(crate) fn flush(&mut self, guest: &mut Guest) {
        if self.is_quiet(guest.now) {
            return;
        }
        if self.outgoing.flush(&self.link).is_err() {
            self.hang_up(guest);
        }
        if let State::Closing(deadline) = self.state {
            if guest.now >= deadline {
                self.state = State::Closed;
            } else if self.outgoing.is_empty() {
                // The other side may have done so already.
                let _ = rustix::net::shutdown(&self.link, rustix::net::Shutdown::Write);
            }
        }
    }

    /// Frees a channel whose program could not be started.
    pub(crate) fn report(&mut self, channel: u32, guest: &mut Guest) {
        let Some(Channel::Command(command)) = self.channels.get_mut(&channel) else { return };
        if command.read_report(channel, &mut self.outgoing) == Course::IsFree {
            guest.dying.push(Dying::at_once(command.process, !command.is_running(), guest.now));
            self.channels.remove(&channel);
        }
    }

    fn end_all(&mut self, guest: &mut Guest) {
        for (_, channel) in core::mem::take(&mut self.channels) {
            if let Channel::Command(command) = channel {
                if command.is_running() || command.has_open_streams() {
                    command.signal(Signal::HUP);
                    let is_reaped = !command.is_running();
                    guest.dying.push(Dying::after_a_second(command.process, is_reaped, guest.now));
                }
            }
        }
    }
}

impl From<Malformed> for Fault {
    fn from(malformed: Malformed) -> Self {
        let code = match malformed {
            Malformed::TooLarge(_) => ErrorCode::TooLarge,
            Malformed::Reserved
            | Malformed::Kind(_)
            | Malformed::Channel(_)
            | Malformed::Payload(_) => ErrorCode::Malformed,
        };
        Self(code, alloc::string::ToString::to_string(&malformed).into_bytes())
    }
}

fn malformed(what: &str) -> Fault {
    Fault(ErrorCode::Malformed, what.as_bytes().to_vec())
}

/// A read takes at most so much, which is one frame's worth of output.
pub(crate) const BUFFER_BYTES: usize = MAX_PAYLOAD;
