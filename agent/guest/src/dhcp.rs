//! A small DHCP client: discover, offer, request, acknowledgement, and the same again to renew.

use alloc::vec::Vec;
use core::net::{Ipv4Addr, SocketAddrV4};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::io::{self, Errno};
use rustix::net::sockopt::{set_socket_broadcast, set_socket_reuseaddr};
use rustix::net::{AddressFamily, SendFlags, SocketFlags, SocketType, bind, sendto, socket_with};

use crate::clock::{self, Instant, SECOND};
use crate::command_line::Addresses;
use crate::interface::Interface;
use crate::{kernel, network};

const SERVER_PORT: u16 = 67;
const CLIENT_PORT: u16 = 68;
const FIXED_BYTES: usize = 236;
const COOKIE: [u8; 4] = [99, 130, 83, 99];
const ANSWER_TIMEOUT: Instant = 2 * SECOND;
/// A server that gives less would have us do nothing but ask.
const SHORTEST_LEASE_SECONDS: u32 = 60;

const DISCOVER: u8 = 1;
const OFFER: u8 = 2;
const REQUEST: u8 = 3;
const ACKNOWLEDGE: u8 = 5;

/// Who asks, and in which exchange.
#[derive(Clone, Copy)]
struct Client {
    hardware: [u8; 6],
    exchange: u32,
}

/// What a server said.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Answer {
    kind: u8,
    server: Ipv4Addr,
    lease_seconds: u32,
    addresses: Addresses,
}

/// Gets a lease and renews it for ever; says each time that there is one.
pub(crate) fn keep_lease(interface: &Interface, is_there: impl Fn()) -> Result<(), Errno> {
    interface.set_up()?;
    let hardware = interface.hardware_address()?;
    let [.., a, b, c, d] = hardware;
    let seed = u32::from_le_bytes([a, b, c, d]);
    loop {
        let exchange = seed ^ u32::try_from(clock::now() & 0xffff_ffff).unwrap_or(0);
        if let Ok(Some(answer)) = obtain(interface, Client { hardware, exchange }) {
            network::configure(interface, &answer.addresses)?;
            is_there();
            let half = answer.lease_seconds.max(SHORTEST_LEASE_SECONDS) / 2;
            wait(i64::from(half));
        } else {
            wait(1);
        }
    }
}

fn wait(seconds: i64) {
    // Poll without descriptors only waits.
    let _ = poll(&mut [], Some(&Timespec { tv_sec: seconds, tv_nsec: 0 }));
}

fn obtain(interface: &Interface, client: Client) -> Result<Option<Answer>, Errno> {
    let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
    let socket = socket_with(AddressFamily::INET, SocketType::DGRAM, flags, None)?;
    set_socket_broadcast(&socket, true)?;
    set_socket_reuseaddr(&socket, true)?;
    kernel::bind_to_device(&socket, interface.name())?;
    bind(&socket, &SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, CLIENT_PORT))?;
    let Some(offer) = ask(&socket, client, &client.message(DISCOVER, None), OFFER)? else {
        return Ok(None);
    };
    ask(&socket, client, &client.message(REQUEST, Some(&offer)), ACKNOWLEDGE)
}

/// Sends a message and waits for its answer; others are passed over.
fn ask(
    socket: &OwnedFd,
    client: Client,
    message: &[u8],
    wanted: u8,
) -> Result<Option<Answer>, Errno> {
    let everyone = SocketAddrV4::new(Ipv4Addr::BROADCAST, SERVER_PORT);
    sendto(socket, message, SendFlags::empty(), &everyone)?;
    let deadline = clock::now() + ANSWER_TIMEOUT;
    let mut buffer = [0; 1500];
    while clock::now() < deadline {
        poll(
            &mut [PollFd::new(socket, PollFlags::IN)],
            Some(&Timespec { tv_sec: 0, tv_nsec: 100_000_000 }),
        )?;
        let Ok(count) = io::read(socket, &mut buffer) else { continue };
        let answer = client.read(buffer.get(..count).unwrap_or_default());
        if let Some(answer) = answer.filter(|answer| answer.kind == wanted) {
            return Ok(Some(answer));
        }
    }
    Ok(None)
}

impl Client {
    fn message(&self, kind: u8, offer: Option<&Answer>) -> Vec<u8> {
        let mut message = alloc::vec![0; FIXED_BYTES];
        // A request over Ethernet.
        message[..4].copy_from_slice(&[1, 1, 6, 0]);
        message[4..8].copy_from_slice(&self.exchange.to_be_bytes());
        // Answer to everyone: we have no address yet.
        message[10] = 0x80;
        message[28..34].copy_from_slice(&self.hardware);
        message.extend_from_slice(&COOKIE);
        message.extend_from_slice(&[53, 1, kind]);
        if let Some(offer) = offer {
            message.extend_from_slice(&[50, 4]);
            message.extend_from_slice(&offer.addresses.address.octets());
            message.extend_from_slice(&[54, 4]);
            message.extend_from_slice(&offer.server.octets());
        }
        // The mask, routers, name servers and lease.
        message.extend_from_slice(&[55, 4, 1, 3, 6, 51, 255]);
        message
    }

    /// Reads a server's message, if it is one for us.
    fn read(&self, packet: &[u8]) -> Option<Answer> {
        let (fixed, rest) = packet.split_first_chunk::<FIXED_BYTES>()?;
        let is_ours = fixed.first() == Some(&2)
            && fixed.get(4..8)? == self.exchange.to_be_bytes()
            && fixed.get(28..34)? == self.hardware;
        let options = rest.strip_prefix(&COOKIE).filter(|_| is_ours)?;
        let address = *network::addresses_of(fixed.get(16..20)?).first()?;
        let mut answer = Answer {
            kind: 0,
            server: Ipv4Addr::UNSPECIFIED,
            lease_seconds: u32::MAX,
            addresses: Addresses {
                address,
                mask: Ipv4Addr::new(255, 255, 255, 0),
                gateway: None,
                name_servers: Vec::new(),
            },
        };
        answer.read_options(options)?;
        (answer.kind != 0 && !address.is_unspecified()).then_some(answer)
    }
}

impl Answer {
    fn read_options(&mut self, mut options: &[u8]) -> Option<()> {
        while let Some((code, rest)) = options.split_first() {
            match code {
                0 => {
                    options = rest;
                    continue;
                }
                255 => return Some(()),
                _ => {}
            }
            let (length, rest) = rest.split_first()?;
            let (value, rest) = rest.split_at_checked(usize::from(*length))?;
            options = rest;
            self.read_option(*code, value);
        }
        Some(())
    }

    fn read_option(&mut self, code: u8, value: &[u8]) {
        let addresses = network::addresses_of(value);
        let first = addresses.first().copied();
        match code {
            1 => self.addresses.mask = first.unwrap_or(self.addresses.mask),
            3 => self.addresses.gateway = first,
            6 => self.addresses.name_servers = addresses.into_iter().take(3).collect(),
            51 => self.lease_seconds = first.map_or(u32::MAX, u32::from),
            53 => self.kind = value.first().copied().unwrap_or(0),
            54 => self.server = first.unwrap_or(self.server),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CLIENT: Client = Client { hardware: [1, 2, 3, 4, 5, 6], exchange: 0x0102_0304 };

    fn offer() -> Vec<u8> {
        let mut packet = CLIENT.message(DISCOVER, None);
        packet.truncate(FIXED_BYTES);
        packet[0] = 2;
        packet[16..20].copy_from_slice(&[10, 0, 2, 15]);
        packet.extend_from_slice(&COOKIE);
        packet.extend_from_slice(&[53, 1, OFFER, 0, 54, 4, 10, 0, 2, 2, 1, 4, 255, 255, 0, 0]);
        packet.extend_from_slice(&[3, 4, 10, 0, 2, 2, 6, 8, 10, 0, 2, 3, 1, 1, 1, 1]);
        packet.extend_from_slice(&[51, 4, 0, 1, 0x51, 0x80, 255]);
        packet
    }

    #[test]
    fn an_offer_is_understood() {
        let answer = CLIENT.read(&offer()).unwrap();
        assert_eq!((answer.kind, answer.lease_seconds), (OFFER, 86400));
        assert_eq!(answer.addresses.address, Ipv4Addr::new(10, 0, 2, 15));
        assert_eq!(answer.addresses.mask, Ipv4Addr::new(255, 255, 0, 0));
        assert_eq!(answer.addresses.gateway, Some(Ipv4Addr::new(10, 0, 2, 2)));
        assert_eq!(answer.addresses.name_servers.len(), 2);
        let other = Client { exchange: 5, ..CLIENT };
        assert_eq!(other.read(&offer()), None);
    }

    #[test]
    fn changed_packets_never_stop_the_client() {
        let mut state = 7_u64;
        let mut random = move |below: usize| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            usize::try_from(state >> 33).unwrap() % below
        };
        for _ in 0..100_000 {
            let mut packet = offer();
            for _ in 0..=random(4) {
                let place = FIXED_BYTES + random(packet.len() - FIXED_BYTES);
                packet[place] = u8::try_from(random(256)).unwrap();
            }
            packet.truncate(random(packet.len() + 1));
            if let Some(answer) = CLIENT.read(&packet) {
                assert!(answer.addresses.name_servers.len() <= 3);
            }
        }
    }
}
