//! Writes a tree in the form that was asked for: under another name first, renamed when it is whole.

mod follow;
mod gzip;
mod image;
mod initrd;
mod partial;
mod summary;

use std::borrow::Cow;
use std::io::{self, BufWriter, Write};
use std::num::NonZeroUsize;
use std::path::Path;

use agent::{Installed, Place};
use rootfs_builder::digest::Digest;
use serde::{Deserialize, Serialize};
use sha2::Digest as _;
use tree::directory::{Devices, Options, Owners};
use tree::{GuestPath, Kind, Tree};

use crate::recipe::{Compression, Output};
use crate::source::Source;
use gzip::ParallelGzip;
use partial::{PartialDirectory, PartialFile};

/// A good compromise of the format's authors: 374 MB/s here, and half the size.
const ZSTD_LEVEL: i32 = 3;

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Packed {
    /// How many bytes.
    pub size: u64,
    /// Their digest.
    pub sha256: Digest,
    /// The ways to boot it.
    pub boot: Vec<Boot>,
    /// What proves it.
    pub proof: Option<Proof>,
}

/// One way to boot an artifact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Boot {
    /// How the guest sees it.
    pub how: String,
    /// The kernel parameters.
    pub parameters: String,
}

/// What proves a measured image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// The root hash in hexadecimal.
    pub root_hash: String,
    /// The name of the file beside the artifact.
    pub file_name: String,
    /// What is in that file.
    pub text: String,
}

/// With what a tree is written.
#[derive(Debug, Clone, Copy)]
pub struct Means<'a> {
    /// Whether device nodes can be made on disk.
    pub devices: Devices,
    /// How many threads work; the bytes do not depend on it.
    pub threads: NonZeroUsize,
    /// Where working directories may be made.
    pub work: &'a Path,
    /// The agent that is in the tree.
    pub agent: Option<&'a Installed>,
}

/// Writes `tree`, which was made of `source`, as `output`.
pub fn write(
    tree: Tree,
    source: &Source,
    output: &Output,
    means: Means<'_>,
) -> anyhow::Result<Packed> {
    match output {
        Output::Directory(path) => directory(&tree, path, means.devices),
        Output::Tar { path, compression } => tar(&tree, path, *compression, means.threads.get()),
        Output::Image(asked) => image::write(tree, source, asked, means),
        Output::Initrd(asked) => initrd::write(tree, source, asked, means),
    }
}

impl Means<'_> {
    /// Whether the agent is the guest's init.
    fn is_agent_init(&self) -> bool {
        self.agent.is_some_and(|agent| agent.place == Place::Init)
    }
}

/// Writes a small file, whole or not at all.
pub fn small_file(path: &Path, text: &str) -> anyhow::Result<()> {
    let partial = PartialFile::create(path)?;
    let mut file = partial.file();
    file.write_all(text.as_bytes())?;
    Ok(partial.keep()?)
}

/// Writes `tree` as a tar archive to `path`.
fn tar(
    tree: &Tree,
    path: &Path,
    compression: Compression,
    threads: usize,
) -> anyhow::Result<Packed> {
    let partial = PartialFile::create(path)?;
    let output = Counting::new(BufWriter::with_capacity(1 << 20, partial.file()));
    let output = match compression {
        Compression::None => written(tree, output)?,
        Compression::Gzip => written(tree, ParallelGzip::new(output, threads))?.finish()?,
        Compression::Zstd => {
            let mut encoder = zstd::Encoder::new(output, ZSTD_LEVEL)?;
            encoder.include_checksum(true)?;
            // One worker already cuts the input into the jobs that more of them would share;
            // none would not, and would give other bytes.
            encoder.multithread(u32::try_from(threads.max(1)).unwrap_or(1))?;
            written(tree, encoder)?.finish()?
        }
    };
    let packed = output.finish()?;
    partial.keep()?;
    Ok(packed)
}

fn written<W: Write>(tree: &Tree, mut output: W) -> anyhow::Result<W> {
    tree::tar::write(tree, &mut output)?;
    Ok(output)
}

/// Writes `tree` as a directory at `path`, in place of what an earlier build made there.
///
/// The digest is that of the tar that it would be.
fn directory(tree: &Tree, path: &Path, devices: Devices) -> anyhow::Result<Packed> {
    let partial = PartialDirectory::create(path)?;
    let options = Options { owners: Owners::Apply, devices };
    let packed = std::thread::scope(|scope| {
        let digested = scope.spawn(|| digest(tree));
        tree::directory::write(tree, &partial.content(), options)?;
        digested.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })?;
    partial.keep()?;
    Ok(packed)
}

/// The digest and size of the uncompressed tar that a tree would be without its sockets, which a
/// tar cannot hold and a directory can.
fn digest(tree: &Tree) -> anyhow::Result<Packed> {
    let is_socket =
        |path: &GuestPath| tree.inode(path).is_some_and(|inode| matches!(inode.kind, Kind::Socket));
    let sockets = tree.iter().map(|(path, _)| path).filter(|path| is_socket(path));
    let mut tree = Cow::Borrowed(tree);
    for socket in sockets {
        tree.to_mut().remove(socket);
    }
    Ok(written(&tree, Counting::new(io::sink()))?.finish()?)
}

/// Counts and digests what passes.
struct Counting<W> {
    output: W,
    size: u64,
    hasher: sha2::Sha256,
}

impl<W: Write> Counting<W> {
    fn new(output: W) -> Self {
        Self { output, size: 0, hasher: sha2::Sha256::new() }
    }

    fn finish(mut self) -> io::Result<Packed> {
        self.output.flush()?;
        let sha256 = Digest::from_hasher(self.hasher);
        Ok(Packed { size: self.size, sha256, boot: Vec::new(), proof: None })
    }
}

impl<W: Write> Write for Counting<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.output.write(bytes)?;
        self.hasher.update(&bytes[..count]);
        self.size += count as u64;
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.output.flush()
    }
}
