//! `osb initrd`: a cpio initrd.

use std::path::PathBuf;
use std::process::ExitCode;

use super::build_args::{BuildArgs, TreeArgs};
use super::finish;
use crate::recipe::{Initrd, InitrdCompression, Output};

/// Build an initrd
///
/// Builds the root filesystem as `osb rootfs` does, or takes a given one, adds `/init` if it has
/// none, and packs it as the archive that a kernel unpacks into memory when it boots.
#[derive(Debug, clap::Args)]
#[command(after_help = include_str!("examples/initrd.txt"))]
pub struct Args {
    /// The initrd to write
    #[arg(
        short,
        long,
        value_name = "FILE",
        default_value = "kata-containers-initrd.img",
        env = "INITRD_IMAGE",
        hide_env_values = true
    )]
    output: PathBuf,

    /// How it is compressed
    #[arg(long, value_name = "NAME", default_value = "zstd")]
    compress: InitrdCompression,

    /// How hard to compress
    #[arg(long, value_name = "NUMBER")]
    level: Option<u32>,

    /// Put this uncompressed archive first, as the kernel wants early microcode; repeatable
    #[arg(long, value_name = "FILE")]
    early: Vec<PathBuf>,

    /// Unpack this directory or cpio archive over the rest; repeatable, in order
    #[arg(long = "overlay", value_name = "PATH")]
    overlays: Vec<PathBuf>,

    /// Leave out extended attributes, such as file capabilities: an initrd cannot hold them
    #[arg(long)]
    drop_xattrs: bool,

    /// Print the result as JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    tree: TreeArgs,

    #[command(flatten)]
    build: BuildArgs,
}

/// Builds, and prints what was made.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let Args { output, compress, level, early, overlays, drop_xattrs, json, tree, build } = args;
    let initrd =
        Initrd { path: output, compression: compress, level, early, overlays, drop_xattrs };
    finish::build(build, tree, &Output::Initrd(initrd), json)
}
