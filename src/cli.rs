//! The command line: what a person may ask for, in the words they type.

mod build_args;
mod cache;
mod completions;
mod distros;
mod doctor;
pub mod environment;
mod finish;
mod image;
mod initrd;
mod inspect;
mod machine_args;
mod man;
mod plan;
mod rootfs;
mod run;
mod test;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Build guest operating systems for microVMs: no root, no loop device, the same bytes every time.
///
/// A recipe (the flags below) is decided into a plan, the plan's packages are fetched into a
/// store, unpacked into a tree, configured, and packed into an artifact.
#[derive(Debug, Parser)]
#[command(
    name = "osb",
    version,
    after_help = include_str!("cli/examples/osb.txt"),
    disable_help_subcommand = true,
    max_term_width = 100
)]
pub struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Rootfs(rootfs::Args),
    Image(image::Args),
    Initrd(initrd::Args),
    Plan(plan::Args),
    Run(run::Args),
    Test(test::Args),
    Inspect(inspect::Args),
    Distros(distros::Args),
    Doctor(doctor::Args),
    Cache(cache::Args),
    #[command(hide = true)]
    Completions(completions::Args),
    #[command(hide = true)]
    Man(man::Args),
}

/// Parses the command line and does what it asks.
pub fn main() -> anyhow::Result<ExitCode> {
    match Cli::parse().command {
        Command::Rootfs(args) => rootfs::run(args),
        Command::Image(args) => image::run(args),
        Command::Initrd(args) => initrd::run(args),
        Command::Plan(args) => plan::run(args),
        Command::Run(args) => run::run(args),
        Command::Test(args) => test::run(args),
        Command::Inspect(args) => inspect::run(args),
        Command::Distros(args) => distros::run(args),
        Command::Doctor(args) => doctor::run(args),
        Command::Cache(args) => cache::run(args),
        Command::Completions(args) => completions::run(args),
        Command::Man(args) => man::run(args),
    }
}
