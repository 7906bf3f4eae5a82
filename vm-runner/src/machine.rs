//! A virtual machine as data.

use std::net::Ipv4Addr;
use std::path::PathBuf;

use crate::error::Unsound;

/// The virtio-serial port that the agent opens in the guest.
pub const AGENT_PORT: &str = "org.osb.agent.0";

/// What a machine consists of, before anything of it exists.
#[derive(Debug, Clone)]
pub struct Machine {
    /// What its processors understand.
    pub architecture: Architecture,
    /// The kernel, loaded without a boot loader.
    pub kernel: PathBuf,
    /// The initrd, if any; several archives are one file by now.
    pub initrd: Option<PathBuf>,
    /// The words of the kernel's command line.
    pub kernel_words: Vec<String>,
    /// How much memory it has, in MiB.
    pub memory_mib: u32,
    /// How many processors it has.
    pub cpus: u32,
    /// Its disks, `/dev/vda` first.
    pub disks: Vec<Disk>,
    /// Its network.
    pub network: Network,
    /// Directories of the host that it can mount.
    pub shares: Vec<Share>,
    /// Whether it has the port at which the agent is spoken to.
    pub has_agent_port: bool,
    /// Its address on vsock; needs `/dev/vhost-vsock` on the host.
    pub vsock_cid: Option<u32>,
}

impl Machine {
    /// A machine with a kernel, one processor, 512 MiB, the agent's port, and nothing else.
    #[must_use]
    pub fn new(architecture: Architecture, kernel: PathBuf) -> Self {
        Machine {
            architecture,
            kernel,
            initrd: None,
            kernel_words: Vec::new(),
            memory_mib: 512,
            cpus: 1,
            disks: Vec::new(),
            network: Network::None,
            shares: Vec::new(),
            has_agent_port: true,
            vsock_cid: None,
        }
    }

    /// Refuses what no hypervisor could start, or would start differently from what was meant.
    ///
    /// # Errors
    ///
    /// Tells the first thing that is wrong.
    pub fn check(&self) -> Result<(), Unsound> {
        if self.memory_mib == 0 {
            return Err(Unsound::NoMemory);
        }
        if self.cpus == 0 {
            return Err(Unsound::NoProcessor);
        }
        self.kernel_words.iter().try_for_each(|word| check_word(word))?;
        let bytes = self.kernel_line().len();
        if bytes > KERNEL_LINE_BYTES {
            return Err(Unsound::KernelLine { bytes });
        }
        self.disks.iter().filter_map(|disk| disk.serial.as_deref()).try_for_each(check_serial)?;
        self.shares.iter().try_for_each(|share| check_tag(&share.tag))
    }

    /// The kernel's command line: a word with a space in it is quoted as the kernel reads it.
    #[must_use]
    pub fn kernel_line(&self) -> String {
        let words: Vec<String> = self.kernel_words.iter().map(|word| quoted(word)).collect();
        words.join(" ")
    }
}

// COMMAND_LINE_SIZE of x86 and arm64, whose last byte is a 0.
const KERNEL_LINE_BYTES: usize = 2047;
// VIRTIO_BLK_ID_BYTES: a longer one would be cut off.
const SERIAL_BYTES: usize = 20;
// MAX_TAG_LEN of QEMU's 9p device, less its end.
const TAG_BYTES: usize = 31;

fn check_word(word: &str) -> Result<(), Unsound> {
    if word.is_empty() || word.contains(|letter: char| letter == '"' || letter.is_control()) {
        return Err(Unsound::KernelWord { word: word.to_owned() });
    }
    Ok(())
}

fn check_serial(serial: &str) -> Result<(), Unsound> {
    if is_name(serial, SERIAL_BYTES) {
        return Ok(());
    }
    Err(Unsound::Serial { serial: serial.to_owned() })
}

fn check_tag(tag: &str) -> Result<(), Unsound> {
    if is_name(tag, TAG_BYTES) { Ok(()) } else { Err(Unsound::Tag { tag: tag.to_owned() }) }
}

fn is_name(text: &str, limit_bytes: usize) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    (1..=limit_bytes).contains(&text.len()) && text.bytes().all(is_plain)
}

fn quoted(word: &str) -> String {
    match word.split_once('=') {
        _ if !word.contains(' ') => word.to_owned(),
        Some((name, value)) if !name.contains(' ') => format!("{name}=\"{value}\""),
        _ => format!("\"{word}\""),
    }
}

/// What a machine's processors understand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Architecture {
    /// 64-bit x86.
    X86_64,
    /// 64-bit ARM.
    Aarch64,
}

impl Architecture {
    /// The architecture of a name as the kernel spells it.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        [Architecture::X86_64, Architecture::Aarch64].into_iter().find(|it| it.name() == name)
    }

    /// The name as the kernel spells it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Architecture::X86_64 => "x86_64",
            Architecture::Aarch64 => "aarch64",
        }
    }

    /// What the guest calls the console that is read here: `console=` wants it.
    #[must_use]
    pub fn console(self) -> &'static str {
        match self {
            Architecture::X86_64 => "ttyS0",
            Architecture::Aarch64 => "ttyAMA0",
        }
    }

    /// Whether this host's processors are of it.
    #[must_use]
    pub fn is_host(self) -> bool {
        self.name() == std::env::consts::ARCH
    }
}

/// A disk of a machine.
#[derive(Debug, Clone)]
pub struct Disk {
    /// The file that holds it.
    pub path: PathBuf,
    /// How the file holds it.
    pub format: DiskFormat,
    /// What becomes of what the guest writes.
    pub writes: Writes,
    /// What the guest knows it by, in `/dev/disk/by-id`; at most 20 plain characters.
    pub serial: Option<String>,
}

/// How a file holds a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DiskFormat {
    /// Byte for byte.
    Raw,
    /// QEMU's own format.
    Qcow2,
}

/// What becomes of what a guest writes to a disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Writes {
    /// It cannot write.
    Refused,
    /// It is forgotten when the machine ends; the file never changes.
    Forgotten,
    /// It changes the file.
    Kept,
}

/// A machine's network.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Network {
    /// None: no card at all.
    None,
    /// What an ordinary program of the host could reach, and forwarded ports the other way.
    User(Vec<Forward>),
}

/// A port of the host that leads to one of the guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Forward {
    /// Where the host listens.
    pub address: Ipv4Addr,
    /// The port there.
    pub host_port: u16,
    /// The port in the guest.
    pub guest_port: u16,
    /// What is carried.
    pub transport: Transport,
}

/// What a forwarded port carries.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Transport {
    /// Connections.
    Tcp,
    /// Datagrams.
    Udp,
}

/// A directory of the host that a guest can mount by 9p.
#[derive(Debug, Clone)]
pub struct Share {
    /// The directory.
    pub directory: PathBuf,
    /// What the guest mounts it by; at most 31 plain characters.
    pub tag: String,
    /// Whether the guest can only read.
    pub is_read_only: bool,
    /// Whose files the guest's are.
    pub owners: ShareOwners,
}

/// Whose files those that a guest makes in a share are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShareOwners {
    /// The user's who runs the machine: ordinary files, useful on both sides.
    Caller,
    /// The guest's, but only in extended attributes that the host does not obey.
    Recorded,
}

impl ShareOwners {
    /// What is safe for the user who runs this process.
    ///
    /// A guest must not leave a setuid program or a device on its host. An ordinary user cannot
    /// make one; root could, so for root owners and modes are only recorded.
    #[must_use]
    pub fn for_caller() -> Self {
        if rustix::process::geteuid().is_root() {
            ShareOwners::Recorded
        } else {
            ShareOwners::Caller
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine() -> Machine {
        Machine::new(Architecture::X86_64, "vmlinuz".into())
    }

    #[test]
    fn words_with_spaces_are_quoted_as_the_kernel_reads_them() {
        let mut machine = machine();
        machine.kernel_words = ["quiet", "osb.motd=two words", "a b"].map(String::from).to_vec();
        machine.check().unwrap();
        assert_eq!(machine.kernel_line(), r#"quiet osb.motd="two words" "a b""#);
    }

    #[test]
    fn what_would_be_misread_is_refused() {
        let refused = |change: &dyn Fn(&mut Machine)| {
            let mut machine = machine();
            change(&mut machine);
            machine.check().unwrap_err().to_string()
        };
        let word = |word: &str| vec![word.to_owned()];
        assert!(refused(&|it| it.kernel_words = word("a\"b")).contains("kernel parameter"));
        assert!(refused(&|it| it.kernel_words = word("a\nb")).contains("kernel parameter"));
        assert!(refused(&|it| it.kernel_words = word(&"a".repeat(2048))).contains("2048 bytes"));
        assert!(refused(&|it| it.memory_mib = 0).contains("memory"));
        assert!(refused(&|it| it.cpus = 0).contains("processor"));
        assert!(refused(&|it| it.disks = vec![disk("twenty-one-characters")]).contains("serial"));
        assert!(refused(&|it| it.shares = vec![share("a,b")]).contains("tag"));
    }

    fn disk(serial: &str) -> Disk {
        let serial = Some(serial.to_owned());
        Disk { path: "d".into(), format: DiskFormat::Raw, writes: Writes::Forgotten, serial }
    }

    fn share(tag: &str) -> Share {
        let owners = ShareOwners::Caller;
        Share { directory: "/".into(), tag: tag.to_owned(), is_read_only: true, owners }
    }
}
