//! Writes a tree as a disk image.

use std::path::Path;

use anyhow::Context as _;
use fs_err::File;
use image_builder::check::{self, Init};
use image_builder::filesystem::{Basics, Filesystem};
use image_builder::identity::Identity;
use image_builder::image::{self, Made, Options};
use image_builder::{kernel, layout, qcow2, verity};
use rootfs_builder::digest::Digest;
use tree::Tree;

use super::follow::digested;
use super::partial::PartialFile;
use super::{Boot, Means, Packed, Proof, summary};
use crate::recipe::{self, DiskFormat, ErofsCompression, Image, SquashfsCompression, Table};
use crate::source::Source;

/// How many bytes of a file EROFS compresses together.
const EROFS_CLUSTER_BYTES: u32 = 64 << 10;

/// Writes the image that was asked for.
pub(super) fn write(
    mut tree: Tree,
    source: &Source,
    asked: &Image,
    means: Means<'_>,
) -> anyhow::Result<Packed> {
    if asked.check {
        let is_agent = means.is_agent_init();
        check::check(&tree, if is_agent { Init::Agent } else { Init::Distribution })?;
    }
    let time = source.time(&tree);
    summary::put(&mut tree, source, means.agent, time)?;
    let identity = Identity::new(summary::seed(source, &tree)?);
    let own_salt = || identity.bytes("salt").to_vec();
    let salt = || asked.salt.as_ref().map_or_else(own_salt, |salt| salt.0.clone());
    let options = Options {
        filesystem: filesystem(asked),
        table: table(asked),
        salt: asked.verity.then(salt),
        align_bytes: asked.align,
        size_bytes: asked.size,
        machine: source.arch().to_owned(),
        basics: Basics { identity, time, threads: means.threads },
    };
    let partial = PartialFile::create(&asked.path)?;
    let output = File::from_parts(partial.file().try_clone()?, &asked.path);
    let (made, size, sha256) = digested(partial.file(), |follower| match asked.format {
        DiskFormat::Raw => Ok(image::write(&tree, &options, &output, Some(follower))?),
        DiskFormat::Qcow2 => as_qcow2(&tree, &options, &asked.path, &output),
    })?;
    partial.keep()?;
    Ok(packed(asked, &options, &made, size, sha256))
}

fn as_qcow2(tree: &Tree, options: &Options, path: &Path, output: &File) -> anyhow::Result<Made> {
    let place = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    let raw = tempfile::tempfile_in(place.unwrap_or(Path::new(".")));
    let raw = File::from_parts(raw.context("make a temporary file beside the image")?, path);
    let made = image::write(tree, options, &raw, None)?;
    qcow2::write(&raw, made.layout.size_bytes, output).context("write qcow2")?;
    Ok(made)
}

fn packed(asked: &Image, options: &Options, made: &Made, size: u64, sha256: Digest) -> Packed {
    let ways = kernel::parameters(made, &options.filesystem).into_iter();
    let proof = made.verity.as_ref().map(|proven| Proof {
        root_hash: verity::hexadecimal(&proven.root_hash),
        file_name: format!("root_hash_{}.txt", asked.variant),
        text: proven.line() + "\n",
    });
    let boot = ways.map(|way| Boot { how: way.how.to_owned(), parameters: way.line }).collect();
    Packed { size, sha256, boot, proof }
}

fn filesystem(asked: &Image) -> Filesystem {
    use erofs::Algorithm;
    match asked.filesystem {
        recipe::Filesystem::Ext4 { journal } => {
            Filesystem::Ext4 { journal, free_bytes: asked.free_space }
        }
        recipe::Filesystem::Erofs(compression) => {
            let algorithm = compression.map(|compression| match compression {
                ErofsCompression::Lz4 => Algorithm::Lz4,
                ErofsCompression::Lz4hc(level) => Algorithm::Lz4hc(level),
                ErofsCompression::Zstd(level) => Algorithm::Zstd(level),
            });
            let compression = algorithm.map(|algorithm| erofs::Compression {
                algorithm,
                cluster_bytes: EROFS_CLUSTER_BYTES,
            });
            Filesystem::Erofs { compression }
        }
        recipe::Filesystem::Squashfs(compression) => Filesystem::Squashfs {
            compression: match compression {
                SquashfsCompression::Zstd(level) => squashfs::Compression::Zstd(level.into()),
                SquashfsCompression::Gzip(level) => squashfs::Compression::Gzip(level.into()),
                SquashfsCompression::Xz => squashfs::Compression::Xz,
            },
        },
        recipe::Filesystem::Xfs => Filesystem::Xfs { free_bytes: asked.free_space },
    }
}

fn table(asked: &Image) -> layout::Table {
    match asked.table {
        Table::Mbr => layout::Table::Mbr { dax: asked.dax },
        Table::Gpt => layout::Table::Gpt,
        Table::None => layout::Table::None,
    }
}
