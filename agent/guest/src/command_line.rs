//! What the kernel's command line asks of the agent.

use alloc::vec::Vec;
use core::net::Ipv4Addr;

/// The words that concern the agent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct CommandLine {
    pub(crate) is_writable: bool,
    pub(crate) grows: bool,
    pub(crate) has_shell: bool,
    pub(crate) network: Option<Network>,
}

/// What `ip=` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Network {
    /// By DHCP; on this device, or the first one.
    Dhcp(Vec<u8>),
    /// These addresses, and perhaps a name.
    Static { device: Vec<u8>, hostname: Vec<u8>, addresses: Addresses },
}

/// How one interface takes part in a network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Addresses {
    pub(crate) address: Ipv4Addr,
    pub(crate) mask: Ipv4Addr,
    pub(crate) gateway: Option<Ipv4Addr>,
    pub(crate) name_servers: Vec<Ipv4Addr>,
}

impl CommandLine {
    pub(crate) fn parse(text: &str) -> Self {
        let mut line = Self::default();
        for word in text.split_ascii_whitespace() {
            match word {
                "rw" => line.is_writable = true,
                "ro" => line.is_writable = false,
                "osb.grow" => line.grows = true,
                "osb.console=shell" => line.has_shell = true,
                _ => {
                    if let Some(value) = word.strip_prefix("ip=") {
                        line.network = network(value);
                    }
                }
            }
        }
        line
    }
}

/// `client:server:gateway:netmask:hostname:device:autoconf:dns:dns`
fn network(value: &str) -> Option<Network> {
    let fields: Vec<&str> = value.split(':').collect();
    let field = |index: usize| fields.get(index).copied().unwrap_or_default();
    let device = field(5).as_bytes().to_vec();
    let is_dhcp = |word| matches!(word, "dhcp" | "on" | "any" | "both");
    if is_dhcp(value) || is_dhcp(field(6)) {
        return Some(Network::Dhcp(device));
    }
    let addresses = Addresses {
        address: field(0).parse().ok()?,
        mask: field(3).parse().unwrap_or(Ipv4Addr::new(255, 255, 255, 0)),
        gateway: field(2).parse().ok(),
        name_servers: [field(7), field(8)].iter().filter_map(|text| text.parse().ok()).collect(),
    };
    Some(Network::Static { device, hostname: field(4).as_bytes().to_vec(), addresses })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_understood() {
        let text =
            "console=ttyS0 rw osb.grow ip=10.0.2.15::10.0.2.2:255.255.0.0:box:eth0:off:1.1.1.1\n";
        let line = CommandLine::parse(text);
        assert!(line.is_writable && line.grows && !line.has_shell);
        let Some(Network::Static { device, hostname, addresses }) = line.network else { panic!() };
        assert_eq!((&device[..], &hostname[..]), (&b"eth0"[..], &b"box"[..]));
        assert_eq!(addresses.gateway, Some(Ipv4Addr::new(10, 0, 2, 2)));
        assert_eq!(addresses.name_servers, [Ipv4Addr::new(1, 1, 1, 1)]);
        let dhcp = |text| CommandLine::parse(text).network;
        assert_eq!(dhcp("ip=dhcp"), Some(Network::Dhcp(Vec::new())));
        assert_eq!(dhcp("ip=:::::eth1:dhcp"), Some(Network::Dhcp(b"eth1".to_vec())));
        assert_eq!(dhcp("ip=off"), None);
    }
}
