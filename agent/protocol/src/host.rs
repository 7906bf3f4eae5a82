//! What the host says.

use alloc::vec;
use alloc::vec::Vec;

use crate::decoder::Frame;
use crate::fields::{Reader, Writer};
use crate::header::kind;
use crate::{
    Get, HEADER_BYTES, Header, MAGIC, MAX_PAYLOAD, Malformed, Power, Put, Start, Stream,
    TerminalSize, Unsendable,
};

/// The first frame of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Hello {
    /// The lowest version that the host speaks.
    pub lowest: u16,
    /// The highest.
    pub highest: u16,
    /// A number of the host's choice that `welcome` repeats.
    pub session: u64,
}

/// A frame from the host.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields are the protocol's")]
pub enum HostFrame {
    /// Begins a session.
    Hello(Hello),
    /// Starts a command on a new channel.
    Start { channel: u32, start: Start },
    /// Bytes for it; none: no more will come.
    Input { channel: u32, bytes: Vec<u8> },
    /// The guest may send so many bytes more.
    Credit { channel: u32, stream: Stream, bytes: u32 },
    /// Its terminal has a new size.
    Resize { channel: u32, size: TerminalSize },
    /// Sends a signal to its process group.
    Signal { channel: u32, number: u32 },
    /// Writes a file on a new channel.
    Put { channel: u32, put: Put },
    /// Reads a file on a new channel.
    Get { channel: u32, get: Get },
    /// Switches the machine off or starts it again.
    Power(Power),
    /// Asks for a `pong`.
    Ping { number: u64 },
}

/// A `hello` for a virtio-serial port, after bytes that end whatever frame a dead host left half
/// written there.
pub fn virtio_greeting(hello: Hello) -> Result<Vec<u8>, Unsendable> {
    let mut bytes = vec![0; HEADER_BYTES + MAX_PAYLOAD];
    HostFrame::Hello(hello).encode(&mut bytes)?;
    Ok(bytes)
}

impl HostFrame {
    fn kind_and_channel(&self) -> (u8, u32) {
        match *self {
            Self::Hello(_) => (kind::HELLO, 0),
            Self::Start { channel, .. } => (kind::START, channel),
            Self::Input { channel, .. } => (kind::INPUT, channel),
            Self::Credit { channel, .. } => (kind::CREDIT, channel),
            Self::Resize { channel, .. } => (kind::RESIZE, channel),
            Self::Signal { channel, .. } => (kind::SIGNAL, channel),
            Self::Put { channel, .. } => (kind::PUT, channel),
            Self::Get { channel, .. } => (kind::GET, channel),
            Self::Power(_) => (kind::POWER, 0),
            Self::Ping { .. } => (kind::PING, 0),
        }
    }
}

impl Frame for HostFrame {
    fn encode(&self, out: &mut Vec<u8>) -> Result<(), Unsendable> {
        let (kind, channel) = self.kind_and_channel();
        let mut writer = Writer::new(kind, channel, out);
        match self {
            Self::Hello(hello) => {
                writer.bytes(&MAGIC);
                writer.u16(hello.lowest);
                writer.u16(hello.highest);
                writer.u64(hello.session);
            }
            Self::Start { start, .. } => start.write(&mut writer),
            Self::Input { bytes, .. } => writer.bytes(bytes),
            Self::Credit { stream, bytes, .. } => {
                stream.write(&mut writer);
                writer.u32(*bytes);
            }
            Self::Resize { size, .. } => size.write(&mut writer),
            Self::Signal { number, .. } => writer.u32(*number),
            Self::Put { put, .. } => put.write(&mut writer),
            Self::Get { get, .. } => writer.string(&get.path),
            Self::Power(power) => power.write(&mut writer),
            Self::Ping { number } => writer.u64(*number),
        }
        writer.finish()
    }

    fn decode(header: Header, payload: &[u8]) -> Result<Self, Malformed> {
        let channel = header.channel;
        let is_of_session = matches!(header.kind, kind::HELLO | kind::POWER | kind::PING);
        let mut reader = Reader::new(payload);
        let frame = match header.kind {
            kind::HELLO => Self::Hello(read_hello(&mut reader)?),
            kind::START => Self::Start { channel, start: Start::read(&mut reader)? },
            kind::INPUT => Self::Input { channel, bytes: reader.rest().to_vec() },
            kind::CREDIT => {
                let stream = Stream::read(&mut reader)?;
                Self::Credit { channel, stream, bytes: reader.u32()? }
            }
            kind::RESIZE => Self::Resize { channel, size: TerminalSize::read(&mut reader)? },
            kind::SIGNAL => Self::Signal { channel, number: reader.u32()? },
            kind::PUT => Self::Put { channel, put: Put::read(&mut reader)? },
            kind::GET => Self::Get { channel, get: Get { path: reader.string()? } },
            kind::POWER => Self::Power(Power::read(&mut reader)?),
            kind::PING => Self::Ping { number: reader.u64()? },
            other => return Err(Malformed::Kind(other)),
        };
        reader.finish()?;
        if is_of_session != (channel == 0) {
            return Err(Malformed::Channel(channel));
        }
        Ok(frame)
    }

    const FIRST_KIND: u8 = kind::HELLO;
    const KINDS: &'static [u8] = &[
        kind::HELLO,
        kind::START,
        kind::INPUT,
        kind::CREDIT,
        kind::RESIZE,
        kind::SIGNAL,
        kind::PUT,
        kind::GET,
        kind::POWER,
        kind::PING,
    ];
}

/// A later version may say more; this one must understand enough to answer with its own number.
fn read_hello(reader: &mut Reader<'_>) -> Result<Hello, Malformed> {
    if reader.array()? != MAGIC {
        return Err(Malformed::Payload("not the magic"));
    }
    let hello = Hello { lowest: reader.u16()?, highest: reader.u16()?, session: reader.u64()? };
    reader.rest();
    Ok(hello)
}
