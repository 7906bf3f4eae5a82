//! The kernel and the boot initrd as files, made once for each pair of kernel and root.

use std::borrow::Cow;
use std::io::{self, BufWriter, Write as _};
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use handover::Root;
use initrd_builder::{Archive, Compression, Compressor, Options};
use initrd_builder::{BOOT_PARAMETER, Boot, Driver, boot_tree};
use rootfs_builder::digest::Digest;
use rootfs_builder::store::Shelf;
use sandbox::WorkDir;
use tree::cpio::Xattrs;
use tree::{Timestamp, Tree};

use super::guest::{self, Inside};
use super::kernel::Known;
use super::{BootError, Reach, Wish};
use crate::program;

/// How working directories are named.
const PREFIX: &str = "boot";
const KERNEL: &str = "kernel";
const INITRD: &str = "initrd";
/// The kernel looks for an archive's start at such boundaries.
const ALIGNMENT: u64 = 4;

/// Drivers without which no machine has a disk, and those for what it may have besides.
const DISK_DRIVERS: [&str; 2] = ["virtio_pci", "virtio_blk"];
const OTHER_DRIVERS: [&str; 7] = [
    "virtio_pci",
    "virtio_console",
    "virtio_net",
    "virtio_rng",
    "9p",
    "9pnet_virtio",
    "vmw_vsock_virtio_transport",
];

/// What a machine boots.
#[derive(Debug)]
pub(super) struct Files {
    /// The kernel.
    pub(super) kernel: PathBuf,
    /// What it unpacks first.
    pub(super) initrd: PathBuf,
    /// What the kernel has to be told for it.
    pub(super) words: Vec<String>,
    /// Where the initrd is, if it is only for this machine.
    _directory: Option<WorkDir>,
}

impl Files {
    /// Finds them in the store, or makes them.
    pub(super) fn find_or_make(
        wish: &Wish,
        known: &Known,
        root: Option<&Root>,
        inside: &Inside<'_>,
        reach: Reach<'_>,
    ) -> anyhow::Result<Self> {
        let program = boot_program(inside)?;
        let key = Digest::of(format!(
            "boot {} {root:?} {} {} {DISK_DRIVERS:?} {OTHER_DRIVERS:?}",
            known.digest(&wish.artifact)?,
            Digest::of(&program),
            program::identity()?,
        ));
        let make = |directory: &Path| -> anyhow::Result<()> {
            let parts = known.read(inside, reach)?;
            parts.write_image(&directory.join(KERNEL))?;
            write_initrd(parts.modules.as_ref(), root, &program, &directory.join(INITRD))
        };
        let directory = reach.site.store.derived(Shelf::Kernels, key, make)?;
        let kernel = known.file().map_or_else(|| directory.join(KERNEL), Path::to_owned);
        let initrd = directory.join(INITRD);
        if root.is_some() {
            return Ok(Self { kernel, initrd, words: Vec::new(), _directory: None });
        }
        let parent = reach.site.store.path().join("work");
        fs_err::create_dir_all(&parent)?;
        WorkDir::clean_stale(&parent, PREFIX)?;
        let own = WorkDir::create(&parent, PREFIX)?;
        let both = own.path().join(INITRD);
        join(&initrd, &wish.artifact, &both)?;
        let words = vec![BOOT_PARAMETER.to_owned()];
        Ok(Self { kernel, initrd: both, words, _directory: Some(own) })
    }
}

/// The program that starts the guest: osb's, or the one that the guest has, which is the same.
fn boot_program<'a>(inside: &Inside<'a>) -> Result<Cow<'a, [u8]>, BootError> {
    if let Some(program) = agent_program::program(inside.arch.name()) {
        return Ok(Cow::Borrowed(program));
    }
    let own = guest::own_program(inside.tree).map(Cow::Owned);
    own.ok_or(BootError::NoProgram(inside.arch))
}

fn write_initrd(
    modules: Option<&Tree>,
    root: Option<&Root>,
    program: &[u8],
    path: &Path,
) -> anyhow::Result<()> {
    let disk = DISK_DRIVERS.iter().map(|name| Driver { name, is_required: true });
    let others = OTHER_DRIVERS.iter().map(|name| Driver { name, is_required: false });
    let drivers: Vec<Driver<'_>> = disk.filter(|_| root.is_some()).chain(others).collect();
    let boot = Boot {
        drivers: &drivers,
        program,
        root: root.cloned(),
        init: if root.is_some() { "/sbin/init" } else { "/init" },
        mtime: Timestamp::default(),
    };
    let tree = boot_tree(modules, &boot).context("make the boot initrd")?;
    let compressor = Compressor::new(Compression::None, None)?;
    let options = Options { threads: NonZeroUsize::MIN, xattrs: Xattrs::Refuse };
    let mut output = BufWriter::new(fs_err::File::create(path)?);
    initrd_builder::write(&[Archive { tree: &tree, compressor }], &options, &mut output)?;
    Ok(output.flush()?)
}

/// Puts one archive behind another.
fn join(first: &Path, second: &Path, both: &Path) -> io::Result<()> {
    let mut output = fs_err::File::create(both)?;
    let length = io::copy(&mut fs_err::File::open(first)?, &mut output)?;
    let padding = length.next_multiple_of(ALIGNMENT) - length;
    io::copy(&mut io::Read::take(io::repeat(0), padding), &mut output)?;
    io::copy(&mut fs_err::File::open(second)?, &mut output)?;
    Ok(())
}
