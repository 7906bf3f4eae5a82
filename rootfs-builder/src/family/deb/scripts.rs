//! Runs maintainer scripts: the guest's own `dpkg`, in the sandbox.

use std::path::Path;

use sandbox::ToolCall;

use crate::family::scripts::{ScriptError, Scripts};

/// Runs the `preinst` of packages in turn; arguments: architecture, dpkg's version, packages.
const PREINST: &str = include_str!("preinst.sh");

const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Runs the `preinst` of these packages, named as the database names them, in this order.
pub(crate) fn run_preinsts(
    scripts: &Scripts<'_>,
    root: &Path,
    guest: (&str, &str),
    packages: &[String],
) -> Result<(), ScriptError> {
    if packages.is_empty() {
        return Ok(());
    }
    let (arch, dpkg_version) = guest;
    let call = call(scripts, root, "/bin/sh")
        .arguments(["-c", PREINST, "preinst", arch, dpkg_version])
        .arguments(packages);
    scripts.run(call)
}

/// Lets the guest's `dpkg` configure all unpacked packages and process all triggers.
pub(crate) fn configure_pending(scripts: &Scripts<'_>, root: &Path) -> Result<(), ScriptError> {
    let call = call(scripts, root, "/usr/bin/dpkg").arguments([
        // The log would tell when this ran.
        "--log=/dev/null",
        "--configure",
        "--pending",
    ]);
    scripts.run(call)
}

fn call(scripts: &Scripts<'_>, root: &Path, program: &str) -> ToolCall {
    scripts
        .call(root, program)
        .variable("PATH", PATH)
        .variable("LANGUAGE", "C")
        .variable("DEBIAN_FRONTEND", "noninteractive")
        .variable("DEBCONF_NONINTERACTIVE_SEEN", "true")
        .variable("DEBCONF_NOWARNINGS", "yes")
        .variable("SYSTEMD_OFFLINE", "1")
}
