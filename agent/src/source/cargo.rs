//! Builds a Cargo project and takes its program.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::tools::Workshop;
use super::{BuildError, BuildSpec, toolchain};

const PROGRAMS: &str = "usr/bin";
/// They would make Cargo write elsewhere than into the copy.
const ELSEWHERE: [&str; 3] = ["CARGO_TARGET_DIR", "CARGO_BUILD_TARGET_DIR", "CARGO_BUILD_TARGET"];

/// What Cargo says of each thing that it made, as far as it matters here.
#[derive(Debug, Deserialize)]
struct Message {
    reason: String,
    executable: Option<PathBuf>,
    target: Option<Target>,
    package_id: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Target {
    name: String,
    kind: Vec<String>,
}

#[derive(Debug)]
struct Program {
    name: String,
    path: PathBuf,
    version: Option<String>,
}

/// Builds, and puts the program where programs are in a guest; returns its version.
pub(super) fn build(
    spec: &BuildSpec,
    workshop: &Workshop<'_>,
    destination: &Path,
) -> Result<Option<String>, BuildError> {
    let target = toolchain::target(spec, workshop)?;
    let words = ["build", "--release", "--target", &target.triple];
    let mut call = workshop
        .call("cargo")
        .arguments(words)
        .arguments(["--message-format=json-render-diagnostics"])
        .without(&ELSEWHERE)
        .variable("CARGO_TARGET_DIR", workshop.directory.join("target"));
    if let Some(name) = &spec.name {
        call = call.arguments(["--bin", name]);
    }
    // What was tried is what is built; who has no lock file leaves it to Cargo.
    if workshop.nearest("Cargo.lock").is_some() {
        call = call.arguments(["--locked"]);
    }
    let output = workshop.run(&call)?;
    let program = choose(spec, programs(&output))?;
    let folder = destination.join(PROGRAMS);
    let unusable = |source| BuildError::Work { directory: folder.clone(), source };
    fs_err::create_dir_all(&folder).map_err(unusable)?;
    fs_err::copy(&program.path, folder.join(&program.name)).map_err(unusable)?;
    Ok(program.version)
}

/// The programs that Cargo made, of all its messages.
fn programs(output: &[u8]) -> Vec<Program> {
    let lines = output.split(|byte| *byte == b'\n');
    let messages = lines.filter_map(|line| serde_json::from_slice::<Message>(line).ok());
    let made = messages.filter(|message| message.reason == "compiler-artifact");
    let programs = made.filter_map(|message| {
        let (target, path) = (message.target?, message.executable?);
        let is_program = target.kind.iter().any(|kind| kind == "bin");
        let version = message.package_id.as_deref().and_then(version);
        is_program.then_some(Program { name: target.name, path, version })
    });
    programs.collect()
}

/// What follows the last `#` or `@` of a package's identifier.
fn version(package: &str) -> Option<String> {
    let (_, last) = package.rsplit_once(['#', '@'])?;
    last.starts_with(|first: char| first.is_ascii_digit()).then(|| last.to_owned())
}

fn choose(spec: &BuildSpec, programs: Vec<Program>) -> Result<Program, BuildError> {
    let directory = spec.directory.clone();
    let is_wanted = |program: &Program| spec.name.as_ref().is_none_or(|name| *name == program.name);
    let mut programs: Vec<Program> = programs.into_iter().filter(is_wanted).collect();
    if programs.len() > 1 {
        let mut names: Vec<String> = programs.into_iter().map(|program| program.name).collect();
        names.sort();
        return Err(BuildError::SeveralPrograms { directory, programs: names });
    }
    let wanted = spec.name.clone().unwrap_or_else(|| "at all".to_owned());
    programs.pop().ok_or(BuildError::NoProgram { directory, wanted })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_read_from_either_form_of_an_identifier() {
        for (package, expected) in [
            ("path+file:///a/b#1.2.3", Some("1.2.3")),
            ("path+file:///a/b#name@0.1.0", Some("0.1.0")),
            ("path+file:///a/b#name", None),
            ("name", None),
        ] {
            assert_eq!(version(package).as_deref(), expected, "{package}");
        }
    }
}
