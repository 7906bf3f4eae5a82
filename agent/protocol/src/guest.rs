//! What the guest says.

use alloc::vec::Vec;

use crate::decoder::Frame;
use crate::fields::{Reader, Writer};
use crate::header::kind;
use crate::{ErrorCode, Exit, Header, MAGIC, Malformed, Role, Stream, Unsendable};

/// The answer to `hello`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Welcome {
    /// The number that the host gave.
    pub session: u64,
    /// The version that both speak.
    pub version: u16,
    /// How the agent runs.
    pub role: Role,
    /// Nanoseconds since the guest's boot.
    pub boottime_nanoseconds: u64,
    /// The guest's kernel.
    pub kernel_release: Vec<u8>,
    /// The agent's own version.
    pub agent_version: Vec<u8>,
}

/// A frame from the guest.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are the protocol's")]
pub enum GuestFrame {
    /// Accepts a session.
    Welcome(Welcome),
    /// Ends the session.
    Error { code: ErrorCode, text: Vec<u8> },
    /// The command runs; or the file is open, then without a process (0).
    Started { channel: u32, process: u32 },
    /// It could not be done; the channel is free again.
    Refused { channel: u32, errno: u32, text: Vec<u8> },
    /// Bytes of the command or file; none: no more will come.
    Output { channel: u32, bytes: Vec<u8> },
    /// Bytes of the command's errors; none: no more will come.
    Errors { channel: u32, bytes: Vec<u8> },
    /// The host may send so many bytes more.
    Credit { channel: u32, stream: Stream, bytes: u32 },
    /// The command ended; the channel is free again.
    Exited { channel: u32, exit: Exit },
    /// The file is complete; the channel is free again.
    Done { channel: u32, bytes: u64 },
    /// Answers a `ping`.
    Pong { number: u64, boottime_nanoseconds: u64 },
}

impl GuestFrame {
    fn kind_and_channel(&self) -> (u8, u32) {
        match *self {
            Self::Welcome(_) => (kind::WELCOME, 0),
            Self::Error { .. } => (kind::ERROR, 0),
            Self::Started { channel, .. } => (kind::STARTED, channel),
            Self::Refused { channel, .. } => (kind::REFUSED, channel),
            Self::Output { channel, .. } => (kind::OUTPUT, channel),
            Self::Errors { channel, .. } => (kind::ERRORS, channel),
            Self::Credit { channel, .. } => (kind::CREDIT, channel),
            Self::Exited { channel, .. } => (kind::EXITED, channel),
            Self::Done { channel, .. } => (kind::DONE, channel),
            Self::Pong { .. } => (kind::PONG, 0),
        }
    }
}

impl Frame for GuestFrame {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), Unsendable> {
        let (kind, channel) = self.kind_and_channel();
        let mut writer = Writer::new(kind, channel, out);
        match self {
            Self::Welcome(welcome) => write_welcome(welcome, &mut writer),
            Self::Error { code, text } => {
                code.write(&mut writer);
                writer.string(text);
            }
            Self::Started { process, .. } => writer.u32(*process),
            Self::Refused { errno, text, .. } => {
                writer.u32(*errno);
                writer.string(text);
            }
            Self::Output { bytes, .. } | Self::Errors { bytes, .. } => writer.bytes(bytes),
            Self::Credit { stream, bytes, .. } => {
                stream.write(&mut writer);
                writer.u32(*bytes);
            }
            Self::Exited { exit, .. } => exit.write(&mut writer),
            Self::Done { bytes, .. } => writer.u64(*bytes),
            Self::Pong { number, boottime_nanoseconds } => {
                writer.u64(*number);
                writer.u64(*boottime_nanoseconds);
            }
        }
        writer.finish()
    }

    fn decode(header: Header, payload: &[u8]) -> Result<Self, Malformed> {
        let channel = header.channel;
        let is_of_session = matches!(header.kind, kind::WELCOME | kind::ERROR | kind::PONG);
        let mut reader = Reader::new(payload);
        let frame = match header.kind {
            kind::WELCOME => Self::Welcome(read_welcome(&mut reader)?),
            kind::ERROR => {
                Self::Error { code: ErrorCode::read(&mut reader)?, text: reader.string()? }
            }
            kind::STARTED => Self::Started { channel, process: reader.u32()? },
            kind::REFUSED => {
                Self::Refused { channel, errno: reader.u32()?, text: reader.string()? }
            }
            kind::OUTPUT => Self::Output { channel, bytes: reader.rest().to_vec() },
            kind::ERRORS => Self::Errors { channel, bytes: reader.rest().to_vec() },
            kind::CREDIT => {
                let stream = Stream::read(&mut reader)?;
                Self::Credit { channel, stream, bytes: reader.u32()? }
            }
            kind::EXITED => Self::Exited { channel, exit: Exit::read(&mut reader)? },
            kind::DONE => Self::Done { channel, bytes: reader.u64()? },
            kind::PONG => Self::Pong { number: reader.u64()?, boottime_nanoseconds: reader.u64()? },
            other => return Err(Malformed::Kind(other)),
        };
        reader.finish()?;
        if is_of_session != (channel == 0) {
            return Err(Malformed::Channel(channel));
        }
        Ok(frame)
    }

    const FIRST_KIND: u8 = kind::WELCOME;
    const KINDS: &'static [u8] = &[
        kind::WELCOME,
        kind::ERROR,
        kind::STARTED,
        kind::REFUSED,
        kind::OUTPUT,
        kind::ERRORS,
        kind::CREDIT,
        kind::EXITED,
        kind::DONE,
        kind::PONG,
    ];
}

fn write_welcome(welcome: &Welcome, writer: &mut Writer<'_>) {
    writer.bytes(&MAGIC);
    writer.u64(welcome.session);
    writer.u16(welcome.version);
    welcome.role.write(writer);
    writer.u64(welcome.boottime_nanoseconds);
    writer.string(&welcome.kernel_release);
    writer.string(&welcome.agent_version);
}

fn read_welcome(reader: &mut Reader<'_>) -> Result<Welcome, Malformed> {
    if reader.array()? != MAGIC {
        return Err(Malformed::Payload("not the magic"));
    }
    Ok(Welcome {
        session: reader.u64()?,
        version: reader.u16()?,
        role: Role::read(reader)?,
        boottime_nanoseconds: reader.u64()?,
        kernel_release: reader.string()?,
        agent_version: reader.string()?,
    })
}
