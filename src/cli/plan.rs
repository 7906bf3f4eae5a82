//! `osb plan`: decide only.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::Context as _;
use rootfs_builder::plan::Plan;

use super::build_args::BuildArgs;
use crate::pipeline;
use crate::progress::{Reporter, human_bytes};
use crate::recipe::DEFAULT_LOCK;
use crate::report;

/// Decide which packages a build takes, and write the lock file
///
/// The lock file names each package with its version, address, size and digest, the repositories
/// and the keys that signed them, and the time that the artifact will carry.
#[derive(Debug, clap::Args)]
#[command(after_help = include_str!("examples/plan.txt"))]
pub struct Args {
    /// The lock file to write [default: osb.lock, and none with --json]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,

    /// Print the plan as JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    build: BuildArgs,
}

/// Decides, and writes or prints the decision.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let (recipe, reporting) = args.build.into_recipe()?;
    recipe.check_files()?;
    let progress = Reporter::start(reporting);
    let decided = pipeline::plan(&recipe, &progress);
    progress.finish()?;
    let plan = decided?;
    let lock = args.output.or_else(|| (!args.json).then(|| DEFAULT_LOCK.into()));
    if let Some(path) = &lock {
        pipeline::write_lock(&plan, path)
            .with_context(|| format!("write lock file {}", path.display()))?;
    }
    match (args.json, lock) {
        (true, _) => report::json(&json(&plan)?)?,
        (false, Some(path)) => report::text(&summary(&plan, &path))?,
        (false, None) => {}
    }
    Ok(ExitCode::SUCCESS)
}

/// The plan as JSON, with its lists named for what they are.
fn json(plan: &Plan) -> anyhow::Result<serde_json::Value> {
    let mut value = serde_json::to_value(plan)?;
    if let Some(object) = value.as_object_mut() {
        for (row, list) in [("package", "packages"), ("repository", "repositories")] {
            if let Some(rows) = object.remove(row) {
                object.insert(list.to_owned(), rows);
            }
        }
    }
    Ok(value)
}

fn summary(plan: &Plan, lock: &Path) -> String {
    let bytes = plan.packages.iter().map(|package| package.size).sum();
    format!(
        "{}\n  {} {} {}, {} packages, {} to download\n",
        lock.display(),
        plan.distro,
        plan.release,
        plan.arch,
        plan.packages.len(),
        human_bytes(bytes),
    )
}
