//! Brings network interfaces up and gives them addresses.

use alloc::vec::Vec;
use core::mem::MaybeUninit;
use core::net::Ipv4Addr;

use rustix::fd::OwnedFd;
use rustix::fs::{self, Mode, OFlags, RawDir};
use rustix::io::Errno;
use rustix::net::{AddressFamily, SocketFlags, SocketType, socket_with};

use crate::command_line::Addresses;
use crate::kernel::{self, InterfaceRequest};

const INTERNET: u16 = 2;

/// One interface, by name.
pub(crate) struct Interface {
    socket: OwnedFd,
    name: Vec<u8>,
}

impl Interface {
    pub(crate) fn new(name: &[u8]) -> Result<Self, Errno> {
        const LONGEST_NAME: usize = 15;
        if name.is_empty() || name.len() > LONGEST_NAME {
            return Err(Errno::NODEV);
        }
        let flags = SocketFlags::CLOEXEC;
        let socket = socket_with(AddressFamily::INET, SocketType::DGRAM, flags, None)?;
        Ok(Self { socket, name: name.to_vec() })
    }

    pub(crate) fn name(&self) -> &[u8] {
        &self.name
    }

    pub(crate) fn set_up(&self) -> Result<(), Errno> {
        const UP: u8 = 1;
        let mut request = self.request();
        kernel::interface_request(&self.socket, InterfaceRequest::Flags, &mut request)?;
        // The low byte of the flags is the first on both architectures.
        request[16] |= UP;
        kernel::interface_request(&self.socket, InterfaceRequest::SetFlags, &mut request)
    }

    pub(crate) fn hardware_address(&self) -> Result<[u8; 6], Errno> {
        let mut request = self.request();
        kernel::interface_request(&self.socket, InterfaceRequest::HardwareAddress, &mut request)?;
        let [.., a, b, c, d, e, f] = *request.first_chunk::<24>().ok_or(Errno::INVAL)?;
        Ok([a, b, c, d, e, f])
    }

    pub(crate) fn set_addresses(&self, addresses: &Addresses) -> Result<(), Errno> {
        self.set(InterfaceRequest::SetAddress, addresses.address)?;
        self.set(InterfaceRequest::SetMask, addresses.mask)?;
        self.set_up()?;
        match addresses.gateway {
            Some(gateway) => self.add_gateway(gateway),
            None => Ok(()),
        }
    }

    fn set(&self, what: InterfaceRequest, address: Ipv4Addr) -> Result<(), Errno> {
        let mut request = self.request();
        request[16..32].copy_from_slice(&socket_address(address));
        kernel::interface_request(&self.socket, what, &mut request)
    }

    fn add_gateway(&self, gateway: Ipv4Addr) -> Result<(), Errno> {
        const UP_BY_GATEWAY: u16 = 3;
        let any = socket_address(Ipv4Addr::UNSPECIFIED);
        let mut route = [0; 120];
        route[8..24].copy_from_slice(&any);
        route[24..40].copy_from_slice(&socket_address(gateway));
        route[40..56].copy_from_slice(&any);
        route[56..58].copy_from_slice(&UP_BY_GATEWAY.to_ne_bytes());
        match kernel::add_route(&self.socket, &route) {
            Err(Errno::EXIST) => Ok(()),
            other => other,
        }
    }

    fn request(&self) -> [u8; 40] {
        let mut request = [0; 40];
        for (place, byte) in request.iter_mut().zip(&self.name) {
            *place = *byte;
        }
        request
    }
}

/// The first interface by name that is not loopback.
pub(crate) fn first_name() -> Option<Vec<u8>> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let directory = fs::open(c"/sys/class/net", flags, Mode::empty()).ok()?;
    let mut buffer = [MaybeUninit::uninit(); 4096];
    let mut entries = RawDir::new(directory, &mut buffer);
    let mut first: Option<Vec<u8>> = None;
    while let Some(Ok(entry)) = entries.next() {
        let name = entry.file_name().to_bytes();
        // Modules make interfaces of these names that lead nowhere.
        let leads_nowhere = [&b"."[..], b"lo", b"sit", b"tunl", b"dummy", b"bond"]
            .iter()
            .any(|prefix| name.starts_with(prefix));
        if !leads_nowhere && first.as_deref().is_none_or(|first| name < first) {
            first = Some(name.to_vec());
        }
    }
    first
}

fn socket_address(address: Ipv4Addr) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..2].copy_from_slice(&INTERNET.to_ne_bytes());
    bytes[4..8].copy_from_slice(&address.octets());
    bytes
}
