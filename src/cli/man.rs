//! `osb man`: the manual pages, from the same source as the help.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::CommandFactory as _;

/// Write the manual pages into a directory.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The directory, made if it is missing
    directory: PathBuf,
}

/// Writes `osb.1` and one page for each command that is not hidden.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    fs_err::create_dir_all(&args.directory)?;
    clap_mangen::generate_to(super::Cli::command(), &args.directory)?;
    Ok(ExitCode::SUCCESS)
}
