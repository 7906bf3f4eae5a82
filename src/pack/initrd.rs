//! Writes a tree as an initrd.

use std::io::BufWriter;
use std::path::Path;

use anyhow::Context as _;
use initrd_builder::{Archive, Compression, Compressor, Init, Options, put_init};
use sandbox::WorkDir;
use tree::cpio::Xattrs;
use tree::{Timestamp, Tree};

use super::partial::PartialFile;
use super::{Boot, Counting, Means, Packed, summary};
use crate::recipe::{Initrd, InitrdCompression};
use crate::source::Source;

/// How working directories are named.
const PREFIX: &str = "work";

/// What a compressed archive beside the tree may become.
const LIMIT_BYTES: u64 = 64 << 30;

/// Writes the initrd that was asked for.
pub(super) fn write(
    mut tree: Tree,
    source: &Source,
    asked: &Initrd,
    means: Means<'_>,
) -> anyhow::Result<Packed> {
    let time = source.time(&tree);
    let init = if means.is_agent_init() { Init::Agent } else { Init::Distribution };
    put_init(&mut tree, init, Timestamp::from_seconds(time))?;
    summary::put(&mut tree, source, means.agent, time)?;
    let compressor = Compressor::new(compression(asked.compression), asked.level)?;
    let scratch = WorkDir::create(means.work, PREFIX)?;
    let early = read_all(&asked.early, scratch.path(), "early")?;
    let overlays = read_all(&asked.overlays, scratch.path(), "overlay")?;
    let plain = Compressor::new(Compression::None, None)?;
    let archive = |compressor: Compressor| move |tree| Archive { tree, compressor };
    let archives: Vec<Archive<'_>> = early
        .iter()
        .map(archive(plain))
        .chain([Archive { tree: &tree, compressor }])
        .chain(overlays.iter().map(archive(compressor)))
        .collect();
    let xattrs = if asked.drop_xattrs { Xattrs::LeaveOut } else { Xattrs::Refuse };
    let partial = PartialFile::create(&asked.path)?;
    let mut output = Counting::new(BufWriter::with_capacity(1 << 20, partial.file()));
    initrd_builder::write(&archives, &Options { threads: means.threads, xattrs }, &mut output)?;
    let packed = output.finish()?;
    partial.keep()?;
    let how = "initrd".to_owned();
    let parameters = "rdinit=/init".to_owned();
    Ok(Packed { boot: vec![Boot { how, parameters }], ..packed })
}

/// Reads archives and directories that come before or after the tree.
fn read_all(paths: &[std::path::PathBuf], scratch: &Path, kind: &str) -> anyhow::Result<Vec<Tree>> {
    let read = |(number, path): (usize, &std::path::PathBuf)| {
        let own = scratch.join(format!("{kind}-{number}"));
        fs_err::create_dir(&own)?;
        read_one(path, &own).with_context(|| format!("read {}", path.display()))
    };
    paths.iter().enumerate().map(read).collect()
}

fn read_one(path: &Path, scratch: &Path) -> anyhow::Result<Tree> {
    if path.is_dir() {
        return Ok(tree::directory::read(path, None, &|_| None)?);
    }
    Ok(initrd_builder::read(&path.into(), scratch, LIMIT_BYTES)?)
}

fn compression(asked: InitrdCompression) -> Compression {
    match asked {
        InitrdCompression::Zstd => Compression::Zstd,
        InitrdCompression::Gzip => Compression::Gzip,
        InitrdCompression::Xz => Compression::Xz,
        InitrdCompression::Lz4 => Compression::Lz4,
        InitrdCompression::None => Compression::None,
    }
}
