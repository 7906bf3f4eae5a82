//! What every building command does once its flags are read.

use std::process::ExitCode;

use super::build_args::{BuildArgs, TreeArgs};
use crate::pipeline;
use crate::progress::Reporter;
use crate::recipe::Output;
use crate::report;

/// Builds, and prints what was made.
pub fn build(
    build: BuildArgs,
    tree: TreeArgs,
    output: &Output,
    json: bool,
) -> anyhow::Result<ExitCode> {
    let (mut recipe, reporting) = build.into_recipe()?;
    recipe.rootfs = tree.rootfs;
    recipe.modules = tree.modules.filter(|path| !path.as_os_str().is_empty());
    recipe.agent = recipe.agent.decided(recipe.rootfs.is_some(), output);
    recipe.check_files()?;
    output.check_place()?;
    let progress = Reporter::start(reporting);
    let made = pipeline::build(&recipe, output, &progress);
    progress.finish()?;
    let artifact = made?;
    if json {
        report::json(&artifact)?;
    } else {
        report::text(&artifact.to_text())?;
    }
    Ok(ExitCode::SUCCESS)
}
