//! The `osb` command: reads a recipe, calls the builders in order, reports one artifact.

mod artifact;
mod boot;
mod brought;
mod cli;
mod failure;
mod pack;
mod pipeline;
mod program;
mod progress;
mod recipe;
mod record;
mod report;
mod site;
mod source;
mod stage;
mod suggestion;
mod terminal;
mod verdict;

use std::process::ExitCode;

fn main() -> ExitCode {
    // Tools run in this same program, started again: before any thread, and before clap.
    sandbox::dispatch();
    vm_runner::dispatch();
    failure::report_bugs();
    if let Some(code) = stage::dispatch() {
        return code;
    }
    failure::guard(cli::main)
}
