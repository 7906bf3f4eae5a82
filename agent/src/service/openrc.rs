//! A script of OpenRC and the link that puts it into a runlevel.

use tree::{Content, GuestPath, Timestamp, Tree};

use super::template::{self, AGENT_OPENRC, Words};
use crate::error::Error;
use crate::guest;

const SCRIPTS: &str = "etc/init.d";
/// The one that is over before whatever the guest is for begins, and the last, where init goes
/// through no other.
const RUNLEVELS: [&str; 2] = ["etc/runlevels/boot", "etc/runlevels/default"];
const INIT_TABLE: &str = "etc/inittab";
const BOOT_COMMAND: &[u8] = b"openrc boot";
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
    let runlevel = runlevel(tree)?;
    guest::link(tree, &format!("{runlevel}/{name}"), &format!("/{script}"), mtime)
}

/// A table of init may go from the first runlevel to the last; without one, all are gone through.
fn runlevel(tree: &Tree) -> Result<&'static str, Error> {
    let table = guest::text(tree, INIT_TABLE.as_bytes())?;
    let boots = |table: &[u8]| table.windows(BOOT_COMMAND.len()).any(|part| part == BOOT_COMMAND);
    let [boot, default] = RUNLEVELS;
    Ok(if table.is_none_or(|table| boots(table.as_ref())) { boot } else { default })
}

/// Whether the script that the guest or the agent brought is started already.
fn is_in_runlevel(tree: &Tree, name: &str) -> Result<bool, Error> {
    let runlevels = GuestPath::new("etc/runlevels")?;
    let mut below = tree.below(&runlevels);
    Ok(below.any(|(path, _)| path.name() == name.as_bytes()))
}
