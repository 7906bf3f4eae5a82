//! A tree that the user has already, as a directory or an archive.

use std::io::{BufReader, BufWriter, Read as _, Write as _};
use std::path::Path;

use anyhow::Context as _;
use rootfs_builder::decompress::{Compression, decompress};
use tree::Tree;

/// A bomb is told by its ratio long before.
const LIMIT_BYTES: u64 = 1 << 40;

/// Reads a directory or a tar archive; what is compressed is decompressed into `scratch`.
pub(super) fn read(path: &Path, scratch: &Path) -> anyhow::Result<Tree> {
    read_any(path, scratch).with_context(|| format!("read {}", path.display()))
}

fn read_any(path: &Path, scratch: &Path) -> anyhow::Result<Tree> {
    if path.is_dir() {
        return Ok(tree::directory::read(path, None, &|_| None)?);
    }
    let mut file = fs_err::File::open(path)?;
    let mut magic = Vec::new();
    (&mut file).take(6).read_to_end(&mut magic)?;
    let compression = Compression::of_magic(&magic);
    if compression == Compression::None {
        return read_tar(path);
    }
    let plain = scratch.join("given.tar");
    let mut output = BufWriter::new(fs_err::File::create(&plain)?);
    let length = file.metadata()?.len();
    let file = fs_err::File::open(path)?;
    decompress(compression, &mut BufReader::new(file), length, &mut output, LIMIT_BYTES)?;
    output.flush()?;
    read_tar(&plain)
}

fn read_tar(path: &Path) -> anyhow::Result<Tree> {
    Ok(Tree::from_entries(tree::tar::read_spans(&path.into())?)?)
}
