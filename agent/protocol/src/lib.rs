//! The frames that osb and its guest agent exchange; the README beside this crate is the protocol.

#![cfg_attr(not(test), no_std)]

extern crate alloc;

mod decoder;
mod fields;
mod guest;
mod header;
mod host;
mod limits;
mod malformed;
mod values;

pub use decoder::{Decoder, Frame};
pub use guest::{GuestFrame, Welcome};
pub use header::{Data, Header, encode_data};
pub use host::{Hello, HostFrame, virtio_greeting};
pub use limits::{
    HEADER_BYTES, INITIAL_CREDIT, MAGIC, MAX_CHANNELS, MAX_ITEMS, MAX_PAYLOAD, MAX_SESSIONS,
    PORT_NAME, VERSION, VSOCK_PORT,
};
pub use malformed::{Malformed, Unsendable};
pub use values::{ErrorCode, Exit, Get, Power, Put, Role, Start, Stream, TerminalSize};
