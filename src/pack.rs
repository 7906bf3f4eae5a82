//! Writes a tree as a tar archive: under another name first, renamed when it is whole.

mod gzip;
mod partial;

use std::io::{self, BufWriter, Write};
use std::path::Path;

use rootfs_builder::digest::Digest;
use sha2::Digest as _;
use tree::Tree;
use tree::directory::{Devices, Options, Owners};

use crate::recipe::Compression;
use gzip::ParallelGzip;
use partial::{PartialDirectory, PartialFile};

/// A good compromise of the format's authors: 374 MB/s here, and half the size.
const ZSTD_LEVEL: i32 = 3;

/// What was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Packed {
    /// How many bytes.
    pub size: u64,
    /// Their digest.
    pub sha256: Digest,
}

/// Writes `tree` as a tar archive to `path`.
pub fn tar(
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
pub fn directory(tree: &Tree, path: &Path, devices: Devices) -> anyhow::Result<Packed> {
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

/// The digest and size of the uncompressed tar that a tree would be.
fn digest(tree: &Tree) -> anyhow::Result<Packed> {
    Ok(written(tree, Counting::new(io::sink()))?.finish()?)
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
        Ok(Packed { size: self.size, sha256: Digest::from_hasher(self.hasher) })
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
