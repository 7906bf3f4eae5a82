//! The twelve bytes before each payload.

use alloc::vec::Vec;

use crate::fields::{Reader, Writer};
use crate::{HEADER_BYTES, MAX_PAYLOAD, Malformed, Unsendable};

/// The numbers of the kinds of frames.
pub(crate) mod kind {
    pub(crate) const HELLO: u8 = 1;
    pub(crate) const WELCOME: u8 = 2;
    pub(crate) const ERROR: u8 = 3;
    pub(crate) const START: u8 = 4;
    pub(crate) const STARTED: u8 = 5;
    pub(crate) const REFUSED: u8 = 6;
    pub(crate) const INPUT: u8 = 7;
    pub(crate) const OUTPUT: u8 = 8;
    pub(crate) const ERRORS: u8 = 9;
    pub(crate) const CREDIT: u8 = 10;
    pub(crate) const RESIZE: u8 = 11;
    pub(crate) const SIGNAL: u8 = 12;
    pub(crate) const EXITED: u8 = 13;
    pub(crate) const PUT: u8 = 14;
    pub(crate) const GET: u8 = 15;
    pub(crate) const DONE: u8 = 16;
    pub(crate) const POWER: u8 = 17;
    pub(crate) const PING: u8 = 18;
    pub(crate) const PONG: u8 = 19;
}

/// What a frame says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What it is.
    pub kind: u8,
    /// Whom it concerns; 0 is the session.
    pub channel: u32,
    /// Bytes of payload.
    pub length: u32,
}

impl Header {
    /// Reads a header.
    pub fn read(bytes: &[u8; HEADER_BYTES]) -> Result<Self, Malformed> {
        let mut reader = Reader::new(bytes);
        let [kind, reserved @ ..] = reader.array::<4>()?;
        if reserved != [0; 3] {
            return Err(Malformed::Reserved);
        }
        let header = Self { kind, channel: reader.u32()?, length: reader.u32()? };
        if header.payload_bytes() > MAX_PAYLOAD {
            return Err(Malformed::TooLarge(header.length));
        }
        Ok(header)
    }

    /// The length, as a count.
    pub fn payload_bytes(&self) -> usize {
        usize::try_from(self.length).unwrap_or(usize::MAX)
    }

    pub(crate) fn write(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&[self.kind, 0, 0, 0]);
        out.extend_from_slice(&self.channel.to_le_bytes());
        out.extend_from_slice(&self.length.to_le_bytes());
    }
}

/// Which frames carry plain bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Data {
    /// `input`, from the host.
    Input,
    /// `output`, from the guest.
    Output,
    /// `errors`, from the guest.
    Errors,
}

/// Appends a frame of plain bytes without an owned copy of them.
pub fn encode_data(
    data: Data,
    channel: u32,
    bytes: &[u8],
    out: &mut Vec<u8>,
) -> Result<(), Unsendable> {
    let kind = match data {
        Data::Input => kind::INPUT,
        Data::Output => kind::OUTPUT,
        Data::Errors => kind::ERRORS,
    };
    let mut writer = Writer::new(kind, channel, out);
    writer.bytes(bytes);
    writer.finish()
}
