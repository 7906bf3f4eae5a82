//! From an artifact to a virtual machine: whose kernel, how its root is reached, what it is given.

mod acceleration;
mod distribution;
mod error;
mod files;
mod guest;
mod kernel;
mod root;
mod said;
mod shared;

use std::path::{Path, PathBuf};

use distros::Arch;
use rootfs_builder::progress::Progress;
use tree::Tree;
use vm_runner::{
    Accelerator, Architecture, Disk, DiskFormat, Machine, Network, Share, ShareOwners, Writes,
};

use crate::artifact::{Artifact, Form, Packing};
use crate::recipe::Recipe;
use crate::site::Site;
pub use acceleration::acceleration;
pub use distribution::Choice;
pub use error::BootError;
use files::Files;
use guest::Inside;
use kernel::Known;
pub use kernel::Wanted;
pub use said::Said;
pub use shared::{Mounted, Shared};

/// What osb's own agent is called.
pub const OWN_AGENT: &str = "osb-agent";

/// What a machine with a disk has; an initrd needs room for what it unpacks to, too.
const MEMORY_MIB: u64 = 512;
/// What a guest needs beside the files of its initrd.
const MEMORY_BESIDE_MIB: u64 = 256;
const MIB: u64 = 1 << 20;

/// What is to be booted, and how.
#[derive(Debug, Clone)]
pub struct Wish {
    /// The disk image or initrd.
    pub artifact: PathBuf,
    /// Which kernel.
    pub kernel: Wanted,
    /// More kernel parameters.
    pub words: Vec<String>,
    /// Memory in bytes; none is what the artifact needs.
    pub memory: Option<u64>,
    /// How many processors; none is what the host can do quickly.
    pub cpus: Option<u32>,
    /// The network.
    pub network: Network,
    /// Directories of this machine that the guest sees.
    pub shares: Vec<Shared>,
    /// Whether the guest may change the artifact.
    pub write: bool,
}

/// A machine that can be started, and what it needs until it has ended.
#[derive(Debug)]
pub struct Prepared {
    /// The machine.
    pub machine: Machine,
    /// Which kernel it boots, for people.
    pub kernel: String,
    /// What tells this boot from others, beside the artifact's bytes and the machine.
    pub identity: String,
    /// Which agent the artifact says that it has.
    pub agent: Option<String>,
    /// What the guest has to mount of this machine.
    pub shares: Vec<Mounted>,
    _artifact: Artifact,
    _files: Files,
}

/// With what a kernel is had.
#[derive(Clone, Copy)]
pub struct Reach<'a> {
    /// Where one may be asked for.
    pub recipe: &'a Recipe,
    /// The store and the network.
    pub site: &'a Site,
    /// Who hears of it.
    pub progress: &'a dyn Progress,
}

/// Finds or makes everything that a machine needs to boot an artifact.
pub fn prepare(wish: &Wish, reach: Reach<'_>) -> anyhow::Result<Prepared> {
    let artifact = Artifact::open(&wish.artifact)?;
    let root = match artifact.form() {
        Form::Disk(disk) => Some(root::find(&wish.artifact, disk)?),
        Form::Initrd => None,
        Form::Directory | Form::Tar(_) => {
            return Err(BootError::NotBootable(wish.artifact.clone()).into());
        }
    };
    let tree = artifact.tree(None)?;
    let arch = match guest::arch(&tree) {
        Some(Ok(arch)) => arch,
        Some(Err(number)) => {
            return Err(BootError::Machine(wish.artifact.clone(), number).into());
        }
        None => return Err(BootError::NoPrograms(wish.artifact.clone()).into()),
    };
    let inside = Inside { tree: &tree, arch };
    let known = Known::find(&wish.kernel, &inside, reach)?;
    let files = Files::find_or_make(wish, &known, root.as_ref(), &inside, reach)?;
    let mut machine = Machine::new(architecture(arch), files.kernel.clone());
    machine.initrd = Some(files.initrd.clone());
    machine.memory_mib = memory(wish, root.is_some(), &tree);
    machine.disks = disks(wish, &artifact);
    machine.network = wish.network.clone();
    machine.shares = shares(&wish.shares)?;
    machine.kernel_words = words(wish, machine.architecture, &files);
    let agent = guest::agent(&tree);
    Ok(Prepared {
        machine,
        kernel: known.told(),
        identity: format!("{} {root:?}", known.identity()?),
        agent,
        shares: shared::mounted(&wish.shares),
        _artifact: artifact,
        _files: files,
    })
}

fn architecture(arch: Arch) -> Architecture {
    match arch {
        Arch::Aarch64 => Architecture::Aarch64,
        _ => Architecture::X86_64,
    }
}

fn memory(wish: &Wish, is_disk: bool, tree: &Tree) -> u32 {
    let unpacked = || -> u64 {
        let lengths = tree.iter().map(|(_, node)| match &node.kind {
            // A file takes whole pages.
            tree::Kind::File(content) => content.length().next_multiple_of(4096),
            _ => 0,
        });
        lengths.fold(0, u64::saturating_add)
    };
    // It is there packed and unpacked at one time.
    let usual = match is_disk {
        true => MEMORY_MIB,
        false => MEMORY_MIB.max(unpacked().saturating_mul(2) / MIB + MEMORY_BESIDE_MIB),
    };
    let mib = wish.memory.map_or(usual, |bytes| bytes / MIB);
    u32::try_from(mib).unwrap_or(u32::MAX)
}

fn disks(wish: &Wish, artifact: &Artifact) -> Vec<Disk> {
    let Form::Disk(disk) = artifact.form() else { return Vec::new() };
    let (path, format): (&Path, _) = match disk.packing {
        Packing::Raw | Packing::Compressed(_) => (disk.raw(), DiskFormat::Raw),
        Packing::Qcow2 => (&wish.artifact, DiskFormat::Qcow2),
    };
    let writes = if wish.write { Writes::Kept } else { Writes::Forgotten };
    vec![Disk { path: path.to_owned(), format, writes, serial: None }]
}

fn shares(asked: &[Shared]) -> anyhow::Result<Vec<Share>> {
    let share = |(number, shared): (usize, &Shared)| {
        Ok(Share {
            directory: std::path::absolute(&shared.host)?,
            tag: shared::tag(number),
            is_read_only: shared.is_read_only,
            owners: ShareOwners::for_caller(),
        })
    };
    asked.iter().enumerate().map(share).collect()
}

/// How many processors a machine has: emulated ones take turns, and a second one costs time.
pub fn processors(wish: &Wish, accelerator: Accelerator) -> u32 {
    wish.cpus.unwrap_or(match accelerator {
        Accelerator::Kvm => 2,
        Accelerator::Emulation => 1,
    })
}

/// The kernel's command line.
fn words(wish: &Wish, architecture: Architecture, files: &Files) -> Vec<String> {
    let mut words = vec![format!("console={}", architecture.console())];
    // A guest that has panicked is over.
    words.push("panic=-1".to_owned());
    // Without udev, systemd would wait 90 seconds for the terminal of a login that nobody can use.
    words.push("systemd.getty_auto=0".to_owned());
    if wish.network != Network::None {
        // What QEMU's own network always is, without waiting for it to say so.
        words.push("ip=10.0.2.15::10.0.2.2:255.255.255.0::eth0:off:10.0.2.3".to_owned());
    }
    words.extend(files.words.iter().cloned());
    words.extend(wish.words.iter().cloned());
    words
}
