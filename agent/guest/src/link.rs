//! Finds what connects the guest with its host.

use alloc::ffi::CString;
use core::mem::MaybeUninit;

use agent_protocol::{PORT_NAME, VSOCK_PORT};
use rustix::fd::OwnedFd;
use rustix::fs::{self, Mode, OFlags, RawDir};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, accept_with, socket_with};

use crate::{kernel, small_file};

const VSOCK_FAMILY: u16 = 40;
const ANY_CONTEXT: u32 = u32::MAX;
const HOST_CONTEXT: u32 = 2;

/// The agent's virtio-serial port, if it is there already.
pub(crate) fn open_port() -> Option<OwnedFd> {
    const PORTS: &core::ffi::CStr = c"/sys/class/virtio-ports";
    let directory =
        fs::open(PORTS, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
            .ok()?;
    let mut buffer = [MaybeUninit::uninit(); 4096];
    let mut entries = RawDir::new(directory, &mut buffer);
    while let Some(Ok(entry)) = entries.next() {
        let name = entry.file_name().to_bytes();
        if name.starts_with(b".") {
            continue;
        }
        let description = [PORTS.to_bytes(), b"/", name, b"/name"].concat();
        let content = small_file::read(&CString::new(description).ok()?).unwrap_or_default();
        if content.trim_ascii() == PORT_NAME.as_bytes() {
            let device = CString::new([b"/dev/", name].concat()).ok()?;
            let flags = OFlags::RDWR | OFlags::NONBLOCK | OFlags::CLOEXEC | OFlags::NOCTTY;
            return fs::open(device.as_c_str(), flags, Mode::empty()).ok();
        }
    }
    None
}

/// Listens on vsock, if the guest has it.
pub(crate) fn listen() -> Result<OwnedFd, Errno> {
    let family = AddressFamily::VSOCK;
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(family, SocketType::STREAM, flags, None)?;
    let mut address = [0; 16];
    // family, reserved, port, context
    address[..2].copy_from_slice(&VSOCK_FAMILY.to_ne_bytes());
    address[4..8].copy_from_slice(&VSOCK_PORT.to_ne_bytes());
    address[8..12].copy_from_slice(&ANY_CONTEXT.to_ne_bytes());
    kernel::bind(&socket, &address)?;
    rustix::net::listen(&socket, 16)?;
    Ok(socket)
}

/// A connection of the host; programs in the guest could reach the port, too, and become root.
pub(crate) fn accept(listener: &OwnedFd) -> Option<OwnedFd> {
    let connection = accept_with(listener, SocketFlags::CLOEXEC | SocketFlags::NONBLOCK).ok()?;
    let address = kernel::peer_address(&connection).ok()?;
    let [_, _, _, _, _, _, _, _, a, b, c, d, ..] = address;
    (u32::from_ne_bytes([a, b, c, d]) == HOST_CONTEXT).then_some(connection)
}
