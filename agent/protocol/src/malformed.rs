//! What can be wrong with a frame.

use core::error::Error;
use core::fmt;

use crate::MAX_PAYLOAD;

/// Why what the other side sent is no frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// The header announces more than a frame may hold.
    TooLarge(u32),
    /// Bytes of the header that must be zero are not.
    Reserved,
    /// No frame of this kind comes from that side.
    Kind(u8),
    /// A frame of the whole session names a channel, or one of a channel names none.
    Channel(u32),
    /// The payload does not hold what its kind asks for.
    Payload(&'static str),
}

impl fmt::Display for Malformed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLarge(length) => {
                write!(formatter, "frame of {length} bytes, the limit is {MAX_PAYLOAD}")
            }
            Self::Reserved => formatter.write_str("reserved bytes are not zero"),
            Self::Kind(kind) => write!(formatter, "unknown kind {kind}"),
            Self::Channel(channel) => write!(formatter, "channel {channel} does not fit the kind"),
            Self::Payload(what) => write!(formatter, "payload: {what}"),
        }
    }
}

impl Error for Malformed {}

/// Why a frame cannot be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unsendable {
    /// Its payload would be longer than a frame may hold.
    TooLarge,
    /// A list has more items than one may hold.
    TooMany,
    /// A string holds a zero byte.
    Zero,
}

impl fmt::Display for Unsendable {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::TooLarge => "more than fits into a frame",
            Self::TooMany => "more than fits into a list",
            Self::Zero => "a zero byte in a string",
        })
    }
}

impl Error for Unsendable {}
