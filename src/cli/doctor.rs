//! `osb doctor`: what this machine can do, what is missing, how to get it.

mod checks;

use std::process::ExitCode;

use distros::built_in;
use sandbox::Host;
use vm_runner::{Architecture, KvmTest};

use super::build_args::CacheArgs;
use super::environment;
use crate::report;
use checks::{Check, State};

/// Say what this machine can do, what is missing, and how to get it
///
/// Tries each way of running packages' scripts, from an ordinary user to root, and looks for what
/// a build or a machine would use. Nothing is changed. The exit code is 0 if something here can build.
#[derive(Debug, clap::Args)]
#[command(after_help = include_str!("examples/doctor.txt"))]
pub struct Args {
    /// Print the findings as JSON
    #[arg(long)]
    json: bool,

    #[command(flatten)]
    cache: CacheArgs,
}

/// Looks, and prints what was found.
pub fn run(args: Args) -> anyhow::Result<ExitCode> {
    let host = Host::probe();
    let mut all: Vec<Check> = host.rungs.iter().map(checks::of_rung).collect();
    let rung = host.lowest_for_tools();
    all.extend(rung.into_iter().flat_map(checks::of_emulation));
    let folders = environment::program_folders();
    let machines = [Architecture::X86_64, Architecture::Aarch64];
    all.extend(machines.iter().map(|machine| checks::of_machine(*machine, &folders)));
    all.push(checks::of_virtualization(&KvmTest::default().device));
    all.push(checks::of_cache(&args.cache.directory()?));
    all.extend(built_in()?.iter().map(|distro| checks::of_mirror(distro)));
    if args.json {
        report::json(&serde_json::json!({"builds_as": rung, "checks": all}))?;
    } else {
        let verdict = match rung {
            Some(rung) => format!("Builds run here as: {rung}.\n"),
            None => "Nothing here can run packages' scripts.\n".to_owned(),
        };
        let lines: Vec<String> = all.iter().map(line).collect();
        report::text(&format!("{}{verdict}", lines.concat()))?;
    }
    Ok(if rung.is_some() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// One line for a check, and one for what would change it.
fn line(check: &Check) -> String {
    let Check { name, state, detail, fix } = check;
    let state = match state {
        State::Works => "ok",
        State::Missing => "missing",
    };
    let detail = if detail.is_empty() { String::new() } else { format!(": {detail}") };
    let mut text = format!("{state:<8} {name}{detail}\n");
    if let Some(fix) = fix {
        text += &format!("         fix: {fix}\n");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{Check, State, line};

    #[test]
    fn what_is_missing_comes_with_the_line_that_fixes_it() {
        let check = Check {
            name: "emulation of s390x".into(),
            state: State::Missing,
            detail: "no emulator".into(),
            fix: Some("apt-get install qemu-user-static".into()),
        };
        assert_eq!(
            line(&check),
            "missing  emulation of s390x: no emulator\n         fix: apt-get install qemu-user-static\n"
        );
    }
}
