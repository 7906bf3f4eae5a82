//! Brings the network up as the kernel's command line asks.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Write;
use core::net::Ipv4Addr;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs;
use rustix::io::{self, Errno};
use rustix::pipe::{PipeFlags, pipe_with};
use rustix::system::sethostname;

use crate::command_line::{Addresses, CommandLine, Network};
use crate::console::complain;
use crate::interface::{self, Interface};
use crate::kernel::{self, Forked};
use crate::{dhcp, init, small_file};

/// Loopback always; another interface if the line says so. A network that fails is said, and the
/// guest goes on without it.
pub(crate) fn bring_up(line: &CommandLine) {
    complain("cannot bring lo up", Interface::new(b"lo").and_then(|lo| lo.set_up()));
    let result = match &line.network {
        None => Ok(()),
        Some(Network::Dhcp(device)) => lease_in_background(device),
        Some(Network::Static { device, hostname, addresses }) => {
            if !hostname.is_empty() {
                complain("cannot set the host's name", sethostname(hostname));
            }
            find(device).and_then(|interface| configure(&interface, addresses))
        }
    };
    complain("no network", result);
}

/// Gives the interface its addresses, and the guest its name servers.
pub(crate) fn configure(interface: &Interface, addresses: &Addresses) -> Result<(), Errno> {
    interface.set_addresses(addresses)?;
    write_name_servers(&addresses.name_servers)
}

/// Drivers may find their device a little late.
fn find(device: &[u8]) -> Result<Interface, Errno> {
    let mut name = None;
    for _ in 0..20 {
        name = if device.is_empty() { interface::first_name() } else { Some(device.to_vec()) };
        let interface = name.as_deref().map(Interface::new);
        if let Some(Ok(interface)) = interface {
            if interface.hardware_address().is_ok() {
                return Ok(interface);
            }
        }
        // Poll without descriptors only waits.
        let _ = poll(&mut [], Some(&Timespec { tv_sec: 0, tv_nsec: 100_000_000 }));
    }
    Interface::new(&name.unwrap_or_default())
}

/// A process of its own asks and renews, so that no server can hold up commands. The first answer
/// is waited for a little, since what runs next will want the network.
fn lease_in_background(device: &[u8]) -> Result<(), Errno> {
    const PATIENCE: Timespec = Timespec { tv_sec: 3, tv_nsec: 0 };
    let (first_answer, told) = pipe_with(PipeFlags::CLOEXEC)?;
    match kernel::fork()? {
        Forked::Parent(_) => {
            drop(told);
            poll(&mut [PollFd::new(&first_answer, PollFlags::IN)], Some(&PATIENCE)).map(drop)
        }
        Forked::Child => {
            drop(first_answer);
            kernel::reset_signals();
            let result = kernel::block_signals(0).and_then(|()| find(device));
            let result = result.and_then(|interface| {
                dhcp::keep_lease(&interface, || {
                    // The parent may have stopped waiting.
                    let _ = io::write(&told, b"1");
                })
            });
            complain("no network", result);
            kernel::exit(1)
        }
    }
}

/// Only where nobody said anything about it: the file is missing, empty, or a link to nothing.
fn write_name_servers(servers: &[Ipv4Addr]) -> Result<(), Errno> {
    const PATH: &core::ffi::CStr = c"/etc/resolv.conf";
    let is_ours = match small_file::read(PATH) {
        Ok(content) => content.trim_ascii().is_empty(),
        Err(errno) => errno == Errno::NOENT,
    };
    if servers.is_empty() || !is_ours || init::is_read_only() {
        return Ok(());
    }
    let mut text = String::new();
    for server in servers {
        // A string takes all that is written to it.
        let _ = writeln!(text, "nameserver {server}");
    }
    // A link to nothing would be followed.
    match fs::unlink(PATH) {
        Ok(()) | Err(Errno::NOENT) => small_file::write(PATH, text.as_bytes()),
        Err(errno) => Err(errno),
    }
}

/// Addresses of four bytes each, as DHCP lists them.
pub(crate) fn addresses_of(bytes: &[u8]) -> Vec<Ipv4Addr> {
    bytes
        .chunks_exact(4)
        .filter_map(|four| <[u8; 4]>::try_from(four).ok())
        .map(Into::into)
        .collect()
}
