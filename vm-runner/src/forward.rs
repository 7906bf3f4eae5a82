//! Reads `[ADDRESS:]HOST[:GUEST][/tcp|/udp]`.

use std::net::Ipv4Addr;
use std::str::FromStr;

use crate::error::BadForward;
use crate::machine::{Forward, Transport};

impl FromStr for Forward {
    type Err = BadForward;

    fn from_str(text: &str) -> Result<Self, BadForward> {
        parse(text).ok_or_else(|| BadForward { text: text.to_owned() })
    }
}

fn parse(text: &str) -> Option<Forward> {
    let (ports, transport) = match text.split_once('/') {
        None => (text, Transport::Tcp),
        Some((ports, "tcp")) => (ports, Transport::Tcp),
        Some((ports, "udp")) => (ports, Transport::Udp),
        Some(_) => return None,
    };
    // Who does not say otherwise shares the port with this machine's users only.
    let (address, ports) = match ports.split_once(':') {
        Some((address, ports)) if address.contains('.') => (address.parse().ok()?, ports),
        _ => (Ipv4Addr::LOCALHOST, ports),
    };
    let (host, guest) = ports.split_once(':').unwrap_or((ports, ports));
    Some(Forward { address, host_port: port(host)?, guest_port: port(guest)?, transport })
}

fn port(text: &str) -> Option<u16> {
    let is_number = text.bytes().all(|byte| byte.is_ascii_digit());
    text.parse().ok().filter(|&port| is_number && port != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, address: [u8; 4], ports: (u16, u16), transport: Transport) {
        let expected =
            Forward { address: address.into(), host_port: ports.0, guest_port: ports.1, transport };
        assert_eq!(text.parse(), Ok(expected), "{text}");
    }

    #[test]
    fn every_part_but_the_host_port_may_be_left_out() {
        check("8080", [127, 0, 0, 1], (8080, 8080), Transport::Tcp);
        check("8080:80", [127, 0, 0, 1], (8080, 80), Transport::Tcp);
        check("53/udp", [127, 0, 0, 1], (53, 53), Transport::Udp);
        check("0.0.0.0:2222:22/tcp", [0, 0, 0, 0], (2222, 22), Transport::Tcp);
        check("10.0.0.1:2222", [10, 0, 0, 1], (2222, 2222), Transport::Tcp);
    }

    #[test]
    fn nonsense_is_refused() {
        for text in ["", "0", "65536", "1:2:3", "80/sctp", "+80", "a", "1.2.3:80:80", "80:", ":80"]
        {
            assert!(text.parse::<Forward>().is_err(), "{text}");
        }
    }
}
