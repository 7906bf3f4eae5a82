//! The numbers both sides hold to.

/// The version that this crate speaks.
pub const VERSION: u16 = 1;
/// What `hello` and `welcome` begin with.
pub const MAGIC: [u8; 8] = *b"osbagent";
/// The name of the virtio-serial port.
pub const PORT_NAME: &str = "org.osb.agent.0";
/// The vsock port on which the guest listens.
pub const VSOCK_PORT: u32 = 1024;
/// Bytes of a frame before its payload.
pub const HEADER_BYTES: usize = 12;
/// The longest payload.
pub const MAX_PAYLOAD: usize = 65_536;
/// The most items of a list.
pub const MAX_ITEMS: usize = 4096;
/// What each stream of a new channel may carry before more is granted.
pub const INITIAL_CREDIT: u32 = 262_144;
/// The most channels of a session.
pub const MAX_CHANNELS: usize = 1024;
/// The most sessions of a guest at a time.
pub const MAX_SESSIONS: usize = 16;
