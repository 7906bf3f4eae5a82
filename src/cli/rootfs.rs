//! `osb rootfs`: a tree, as a directory or a tar.

use std::path::PathBuf;
use std::process::ExitCode;

use super::build_args::{BuildArgs, TreeArgs};
use super::finish;
use crate::recipe::Output;

/// Build a root filesystem, as a directory or a tar
///
/// Decides which packages are needed, downloads and verifies them, unpacks them, runs their
/// scripts in a sandbox, and writes the tree. The same plan gives the same bytes on every machine.
#[derive(Debug, clap::Args)]
#[command(after_help = include_str!("examples/rootfs.txt"))]
pub struct Args {
    /// Where to write: FILE.tar, FILE.tar.gz, FILE.tar.zst, or a directory
    ///
    /// A tar keeps every owner without any privilege, so it is the default. A directory must be
    /// new or empty; its owners are real where this user may give them.
    #[arg(short, long, value_name = "PATH", default_value = "rootfs.tar")]
    output: PathBuf,

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
    let output = Output::from_path(args.output)?;
    finish::build(args.build, args.tree, &output, args.json)
}
