//! What the host's Rust can build for.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::tools::Workshop;
use super::{BuildError, BuildSpec};
use crate::machine::Machine;

/// A target of the host's Rust.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Target {
    pub(super) libc: &'static str,
    pub(super) triple: String,
}

/// The best target that the host has: a static program needs nothing of the guest.
pub(super) fn target(spec: &BuildSpec, workshop: &Workshop<'_>) -> Result<Target, BuildError> {
    let mut targets = Vec::new();
    for libc in libcs(spec.machine) {
        let triple = spec.machine.rust_target(libc);
        if is_installed(workshop, &triple)? {
            return Ok(Target { libc, triple });
        }
        targets.push(triple);
    }
    Err(BuildError::NoTarget { targets })
}

/// Kata's agent is built with the GNU library where musl lacks something for it.
fn libcs(machine: Machine) -> &'static [&'static str] {
    match machine {
        Machine::Powerpc64Le | Machine::Riscv64 | Machine::S390x => &["gnu"],
        Machine::X86 | Machine::X8664 | Machine::Arm | Machine::Aarch64 | Machine::Loongarch64 => {
            &["musl", "gnu"]
        }
    }
}

fn is_installed(workshop: &Workshop<'_>, triple: &str) -> Result<bool, BuildError> {
    let call = workshop.call("rustc");
    let call = call.arguments(["--print", "target-libdir", "--target", triple]);
    let output = workshop.try_run(&call)?;
    let path = Path::new(OsStr::from_bytes(output.stdout.trim_ascii()));
    Ok(output.failure.is_none() && path.is_absolute() && path.is_dir())
}
