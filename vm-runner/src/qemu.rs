//! QEMU: the command line of a machine.
//!
//! The machine types are the ones that boot everywhere. `microvm` was measured: 0.15 s faster
//! than `q35` of 1.9 s when it works, but under emulation three boots of four hang in the kernel.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use crate::acceleration::Accelerator;
use crate::error::Error;
use crate::hypervisor::{Hypervisor, SelfTest};
use crate::machine::{
    AGENT_PORT, Architecture, Disk, DiskFormat, Forward, Machine, Network, Share, ShareOwners,
    Transport, Writes,
};

/// QEMU, the program of the machine's architecture or a given one.
#[derive(Debug, Clone, Default)]
pub struct Qemu {
    /// The program to run; found on the search path if it has no slash in it.
    pub program: Option<OsString>,
}

impl Hypervisor for Qemu {
    fn name(&self) -> &'static str {
        "QEMU"
    }

    fn program(&self, architecture: Architecture) -> OsString {
        let usual = || format!("qemu-system-{}", architecture.name()).into();
        self.program.clone().unwrap_or_else(usual)
    }

    fn package(&self, architecture: Architecture) -> &'static str {
        match architecture {
            Architecture::X86_64 => "qemu-system-x86",
            Architecture::Aarch64 => "qemu-system-arm",
        }
    }

    fn check(&self, _: &Machine) -> Result<(), Error> {
        Ok(())
    }

    fn arguments(&self, machine: &Machine, accelerator: Accelerator) -> Vec<OsString> {
        command_line(machine, accelerator)
    }

    fn self_test(&self, architecture: Architecture) -> SelfTest {
        SelfTest {
            arguments: self_test_line(architecture),
            firmware: firmware(architecture),
            status: self_test_status(architecture),
        }
    }
}

/// The descriptors that a machine finds open: its agent's port and its console are sockets.
const AGENT_DESCRIPTOR: &str = "0";
const CONSOLE_DESCRIPTOR: &str = "1";

/// The arguments that make QEMU this machine.
#[must_use]
pub fn command_line(machine: &Machine, accelerator: Accelerator) -> Vec<OsString> {
    let mut line = Line(Vec::new());
    line.words("-no-user-config -nodefaults -display none -no-reboot");
    line.words(board(machine.architecture));
    line.words(match accelerator {
        Accelerator::Kvm => "-accel kvm -cpu host",
        Accelerator::Emulation => emulated(machine),
    });
    line.option("-m", format!("{}M", machine.memory_mib));
    line.option("-smp", machine.cpus.to_string());
    line.option("-kernel", anchored(&machine.kernel));
    if let Some(initrd) = &machine.initrd {
        line.option("-initrd", anchored(initrd));
    }
    line.option("-append", machine.kernel_line());
    line.option("-chardev", format!("socket,id=console,fd={CONSOLE_DESCRIPTOR}"));
    line.words("-serial chardev:console");
    // A guest that waits for entropy may wait for minutes.
    line.words("-device virtio-rng-pci");
    if machine.has_agent_port {
        agent_port(&mut line);
    }
    if let Some(cid) = machine.vsock_cid {
        line.option("-device", format!("vhost-vsock-pci,guest-cid={cid}"));
    }
    let disks = machine.disks.iter().enumerate();
    disks.for_each(|(number, entry)| disk(&mut line, number, entry));
    network(&mut line, &machine.network);
    let shares = machine.shares.iter().enumerate();
    shares.for_each(|(number, entry)| share(&mut line, number, entry));
    line.0
}

/// A command line as a shell reads it.
#[must_use]
pub fn shell_line(words: &[OsString]) -> OsString {
    let words: Vec<Vec<u8>> = words.iter().map(|word| shell_word(word.as_bytes())).collect();
    OsString::from_vec(words.join(&b' '))
}

fn shell_word(word: &[u8]) -> Vec<u8> {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_./:=,+@%".contains(byte);
    if !word.is_empty() && word.iter().all(is_plain) {
        return word.to_vec();
    }
    let parts: Vec<&[u8]> = word.split(|&byte| byte == b'\'').collect();
    [b"'", parts.join(&b"'\\''"[..]).as_slice(), b"'"].concat()
}

struct Line(Vec<OsString>);

impl Line {
    fn words(&mut self, words: &str) {
        self.0.extend(words.split(' ').map(OsString::from));
    }

    fn option(&mut self, name: &str, value: impl Into<OsString>) {
        self.0.extend([name.into(), value.into()]);
    }
}

fn board(architecture: Architecture) -> &'static str {
    match architecture {
        Architecture::X86_64 => "-machine q35",
        Architecture::Aarch64 => "-machine virt,gic-version=max",
    }
}

fn emulated(machine: &Machine) -> &'static str {
    match machine.architecture {
        // Emulated at once, a processor may execute what another has replaced in the kernel's code:
        // of sixty kernels one died of it while it booted.
        Architecture::X86_64 if machine.cpus > 1 => "-accel tcg,thread=single -cpu max",
        Architecture::X86_64 => "-accel tcg -cpu max",
        // The pointer authentication of the architecture costs an emulator half its speed.
        Architecture::Aarch64 => "-accel tcg -cpu max,pauth-impdef=on",
    }
}

fn agent_port(line: &mut Line) {
    line.words("-device virtio-serial-pci");
    line.option("-chardev", format!("socket,id=agent,fd={AGENT_DESCRIPTOR}"));
    line.option("-device", format!("virtserialport,chardev=agent,name={AGENT_PORT}"));
}

fn disk(line: &mut Line, number: usize, disk: &Disk) {
    let format = match disk.format {
        DiskFormat::Raw => "raw",
        DiskFormat::Qcow2 => "qcow2",
    };
    let writes = match disk.writes {
        Writes::Refused => ",readonly=on",
        Writes::Forgotten => ",snapshot=on",
        Writes::Kept => "",
    };
    let file = escaped(&anchored(&disk.path));
    let drive = format!("if=none,id=disk{number},format={format}{writes},file=");
    line.option("-drive", joined(&drive, &file));
    let serial = disk.serial.as_ref().map_or(String::new(), |serial| format!(",serial={serial}"));
    line.option("-device", format!("virtio-blk-pci,drive=disk{number}{serial}"));
}

fn network(line: &mut Line, network: &Network) {
    let Network::User(forwards) = network else { return };
    let forwards: String = forwards.iter().map(forward).collect();
    line.option("-netdev", format!("user,id=network{forwards}"));
    // No boot program for the card: it is another package's file, and nothing boots from it.
    line.words("-device virtio-net-pci,netdev=network,romfile=");
}

fn forward(forward: &Forward) -> String {
    let Forward { address, host_port, guest_port, transport } = forward;
    let transport = match transport {
        Transport::Tcp => "tcp",
        Transport::Udp => "udp",
    };
    format!(",hostfwd={transport}:{address}:{host_port}-:{guest_port}")
}

fn share(line: &mut Line, number: usize, share: &Share) {
    let owners = match share.owners {
        ShareOwners::Caller => "none",
        ShareOwners::Recorded => "mapped-xattr",
    };
    let writes = if share.is_read_only { ",readonly=on" } else { "" };
    // Two host filesystems below one share could otherwise give two files one inode number.
    let start =
        format!("local,id=share{number},security_model={owners},multidevs=remap{writes},path=");
    line.option("-fsdev", joined(&start, &escaped(&anchored(&share.directory))));
    let tag = &share.tag;
    line.option("-device", format!("virtio-9p-pci,fsdev=share{number},mount_tag={tag}"));
}

/// A path that QEMU cannot take for an option or for the address of a server.
fn anchored(path: &Path) -> OsString {
    if path.is_absolute() { path.into() } else { Path::new(".").join(path).into() }
}

/// A value within a list of values: a comma in it is doubled.
fn escaped(value: &OsStr) -> OsString {
    let parts: Vec<&[u8]> = value.as_bytes().split(|&byte| byte == b',').collect();
    OsString::from_vec(parts.join(&b",,"[..]))
}

fn joined(start: &str, rest: &OsStr) -> OsString {
    let mut whole = OsString::from(start);
    whole.push(rest);
    whole
}

// The firmware of the self-test is read from the standard input.
fn self_test_line(architecture: Architecture) -> Vec<OsString> {
    let mut line = Line(Vec::new());
    line.words("-no-user-config -nodefaults -display none -no-reboot");
    line.words(board(architecture));
    line.words("-accel kvm -cpu host -m 32M -bios /proc/self/fd/0");
    match architecture {
        Architecture::X86_64 => line.words("-device isa-debug-exit,iobase=0xf4,iosize=1"),
        Architecture::Aarch64 => {}
    }
    line.0
}

/// The smallest program that proves that instructions are executed.
fn firmware(architecture: Architecture) -> Vec<u8> {
    let mut bytes = vec![0; 65_536];
    match architecture {
        // At the reset vector: mov al, 16; out 0xf4, al; hlt.
        Architecture::X86_64 => {
            bytes[0xfff0..0xfff5].copy_from_slice(&[0xb0, 0x10, 0xe6, 0xf4, 0xf4]);
        }
        // mov w0, 0x84000008 (power off); hvc 0.
        Architecture::Aarch64 => {
            let words: [u32; 3] = [0x5280_0100, 0x72b0_8000, 0xd400_0002];
            bytes[..12].copy_from_slice(&words.map(u32::to_le_bytes).concat());
        }
    }
    bytes
}

fn self_test_status(architecture: Architecture) -> i32 {
    match architecture {
        // isa-debug-exit doubles what is written and adds one.
        Architecture::X86_64 => 33,
        Architecture::Aarch64 => 0,
    }
}

#[cfg(test)]
mod tests;
