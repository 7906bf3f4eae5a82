//! `osb image`: a partitioned disk image.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::builder::FalseyValueParser;

use super::build_args::{BuildArgs, TreeArgs};
use super::finish;
use crate::recipe::{
    CompressionName, DiskFormat, Filesystem, FilesystemName, Image, Output, RecipeError, Salt,
    Table, parse_salt, parse_size,
};

/// Build a partitioned disk image
///
/// Builds the root filesystem as `osb rootfs` does, or takes a given one, and packs it: partition
/// table, header for persistent memory, filesystem, and on request a hash tree that proves every
/// block. No root, no loop device, no mount. The same input gives the same bytes.
#[derive(Debug, clap::Args)]
#[command(after_help = include_str!("examples/image.txt"))]
pub struct Args {
    /// The image to write
    #[arg(
        short,
        long,
        value_name = "FILE",
        default_value = "kata-containers.img",
        env = "IMAGE",
        hide_env_values = true
    )]
    output: PathBuf,

    #[command(flatten)]
    disk: DiskArgs,

    /// Print the result as JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    tree: TreeArgs,

    #[command(flatten)]
    build: BuildArgs,
}

#[derive(Debug, clap::Args)]
#[command(next_help_heading = "The disk")]
struct DiskArgs {
    /// The root filesystem
    #[arg(
        long = "fs",
        value_name = "NAME",
        default_value = "ext4",
        env = "FS_TYPE",
        hide_env_values = true
    )]
    filesystem: FilesystemName,

    /// How the filesystem is compressed: erofs by lz4, lz4hc or zstd, squashfs by zstd, gzip or xz
    ///
    /// Without it: erofs not at all, squashfs by zstd.
    #[arg(long, value_name = "NAME")]
    compress: Option<CompressionName>,

    /// How hard to compress, for lz4hc, zstd and gzip
    #[arg(long, value_name = "NUMBER")]
    level: Option<u8>,

    /// Leave out ext4's journal: for a root that is only ever read
    #[arg(long)]
    no_journal: bool,

    /// How the partition is told. The header for persistent memory comes with `mbr` alone
    #[arg(long, value_name = "KIND", default_value = "mbr")]
    table: Table,

    /// Leave out the header that lets a guest map the image as persistent memory
    #[arg(long, env = "SKIP_DAX_HEADER", hide_env_values = true, value_parser = FalseyValueParser::new())]
    no_dax: bool,

    /// The whole image: a number of MiB, or one with K, M, G or T [default: the smallest that does]
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    size: Option<u64>,

    /// Room to be left in ext4 or xfs, as `df` will show it: a number of MiB, or one with K, M, G or T
    #[arg(
        long,
        value_name = "SIZE",
        value_parser = parse_size,
        default_value = "0",
        env = "ROOT_FREE_SPACE",
        hide_env_values = true
    )]
    free_space: u64,

    /// The image's size is a multiple of this: a number of MiB, or one with M, G or T
    ///
    /// A guest can plug in memory behind an image that is mapped as memory only at a multiple of
    /// 128 MiB.
    #[arg(
        long,
        value_name = "SIZE",
        value_parser = parse_size,
        default_value = "128",
        env = "IMAGE_SIZE_ALIGNMENT_MB",
        hide_env_values = true
    )]
    align: u64,

    /// Prove every block with dm-verity: the root hash is in the result, and in a file beside it
    #[arg(long, env = "MEASURED_ROOTFS", hide_env_values = true, value_parser = FalseyValueParser::new())]
    verity: bool,

    /// What every hash begins with, in hexadecimal [default: follows from what is packed]
    #[arg(long, value_name = "HEX", value_parser = parse_salt, requires = "verity")]
    salt: Option<Salt>,

    /// What the root hash's file is named after: root_hash_NAME.txt
    #[arg(
        long,
        value_name = "NAME",
        default_value = "",
        env = "BUILD_VARIANT",
        hide_env_values = true,
        hide_default_value = true
    )]
    variant: String,

    /// The format of the file
    #[arg(long, value_name = "NAME", default_value = "raw")]
    format: DiskFormat,

    /// Pack a tree that has no init, too
    #[arg(long, env = "SKIP_ROOTFS_CHECK", hide_env_values = true, value_parser = FalseyValueParser::new())]
    no_check: bool,
}

/// Builds, and prints what was made.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let Args { output: path, disk, json, tree, build } = args;
    let has_room = matches!(disk.filesystem, FilesystemName::Ext4 | FilesystemName::Xfs);
    if disk.free_space > 0 && !has_room {
        return Err(
            RecipeError::Filesystem { what: "only ext4 and xfs have room to be left" }.into()
        );
    }
    let image = Image {
        path,
        filesystem: Filesystem::new(disk.filesystem, !disk.no_journal, disk.compress, disk.level)?,
        table: disk.table,
        dax: disk.table == Table::Mbr && !disk.no_dax,
        size: disk.size,
        free_space: disk.free_space,
        align: disk.align,
        verity: disk.verity,
        salt: disk.salt,
        variant: disk.variant,
        format: disk.format,
        check: !disk.no_check,
    };
    finish::build(build, tree, &Output::Image(image), json)
}
