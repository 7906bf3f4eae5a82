//! A script of OpenRC and the link that puts it into a runlevel.

use tree::{Content, GuestPath, Timestamp, Tree};

use super::template::{self, AGENT_OPENRC, Words};
use crate::error::Error;
use crate::guest;

const SCRIPTS: &str = "etc/init.d";
/// The one that is over before whatever the guest is for begins.
const RUNLEVEL: &str = "etc/runlevels/boot";
const SUPERVISORS: [&str; 3] =
    ["sbin/supervise-daemon", "usr/sbin/supervise-daemon", "usr/bin/supervise-daemon"];

/// Adds the script if there is none, and the link that makes OpenRC start it.
pub(super) fn enable(
    tree: &mut Tree,
    name: &str,
    program: &GuestPath,
    mtime: Timestamp,
) -> Result<(), Error> {
    let script = format!("{SCRIPTS}/{name}");
    if !guest::has(tree, &script) {
        let supervised = SUPERVISORS.iter().any(|path| guest::program(tree, path).is_some());
        let words = Words { name, program: program.to_string(), supervised };
        let text = template::fill(AGENT_OPENRC, &words)?;
        let content = Content::from(text.into_bytes());
        guest::put(tree, &GuestPath::new(&script)?, content, (0o755, mtime))?;
    }
    if is_in_runlevel(tree, name)? {
        return Ok(());
    }
    guest::link(tree, &format!("{RUNLEVEL}/{name}"), &format!("/{script}"), mtime)
}

/// Whether the script that the guest or the agent brought is started already.
fn is_in_runlevel(tree: &Tree, name: &str) -> Result<bool, Error> {
    let runlevels = GuestPath::new("etc/runlevels")?;
    let mut below = tree.below(&runlevels);
    Ok(below.any(|(path, _)| path.name() == name.as_bytes()))
}
