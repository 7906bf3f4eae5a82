//! Builds what has a Makefile, and lets it install itself.

use std::path::{Path, PathBuf};

use super::tools::{HostCall, Workshop};
use super::{BuildError, BuildSpec, toolchain};
use crate::machine::Machine;
use crate::spec::Place;

/// Set by a `make` around us, they would change how this one works.
const FOREIGN: [&str; 5] = ["MAKEFLAGS", "MAKELEVEL", "MFLAGS", "DESTDIR", "CARGO_TARGET_DIR"];
const VERSION: &str = "VERSION";
const VERSION_BYTES_MAX: u64 = 1024;

/// Builds Kata's agent; returns its version.
pub(super) fn kata(
    spec: &BuildSpec,
    workshop: &Workshop<'_>,
    destination: &Path,
) -> Result<Option<String>, BuildError> {
    let target = toolchain::target(spec, workshop)?;
    let answer = |yes| if yes { "yes" } else { "no" };
    let mut words = vec![
        format!("LIBC={}", target.libc),
        format!("INIT={}", answer(spec.place == Place::Init)),
        format!("SECCOMP={}", answer(spec.seccomp)),
    ];
    if Machine::named(std::env::consts::ARCH) != Some(spec.machine) {
        words.push(format!("ARCH={}", spec.machine));
    }
    let make = || call(workshop).arguments(&words);
    workshop.run(&make())?;
    workshop.run(&make().arguments(["install"]).assign("DESTDIR", destination))?;
    Ok(version(workshop))
}

/// Builds what any other Makefile makes.
pub(super) fn plain(workshop: &Workshop<'_>, destination: &Path) -> Result<(), BuildError> {
    // Both spellings are common, and who knows neither ignores them.
    let make = || call(workshop).arguments(["PREFIX=/usr", "prefix=/usr"]);
    workshop.run(&make())?;
    workshop.run(&make().arguments(["install"]).assign("DESTDIR", destination))?;
    Ok(())
}

fn call(workshop: &Workshop<'_>) -> HostCall {
    workshop.call("make").without(&FOREIGN)
}

/// What the nearest file about it says.
fn version(workshop: &Workshop<'_>) -> Option<String> {
    let is_small = |path: &PathBuf| {
        fs_err::metadata(path).is_ok_and(|status| status.len() <= VERSION_BYTES_MAX)
    };
    let file = workshop.nearest(VERSION).filter(is_small)?;
    // That a version is not known is no reason to fail.
    let text = fs_err::read_to_string(file).ok()?;
    let line = text.lines().map(str::trim).find(|line| !line.is_empty() && !line.starts_with('#'));
    line.map(str::to_owned)
}
