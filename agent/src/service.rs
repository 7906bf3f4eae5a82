//! The agent as a service of the guest's own init.

mod inittab;
mod openrc;
mod systemd;
mod template;
#[cfg(test)]
mod tests;

use tree::{GuestPath, Timestamp, Tree};

use crate::error::Error;
use crate::guest;

/// What starts services in a guest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Manager {
    /// systemd.
    Systemd,
    /// OpenRC.
    OpenRc,
    /// The table of an init that starts things again when they end, such as busybox's.
    Inittab,
}

const SYSTEMD: [&str; 2] = ["usr/lib/systemd/systemd", "lib/systemd/systemd"];
const OPENRC: [&str; 3] = ["sbin/openrc-run", "usr/sbin/openrc-run", "usr/bin/openrc-run"];
const INIT: &str = "sbin/init";

/// Makes the guest's service manager start the agent at every boot.
pub(crate) fn enable(
    tree: &mut Tree,
    name: &str,
    program: &GuestPath,
    mtime: Timestamp,
) -> Result<Manager, Error> {
    let manager = manager(tree).ok_or(Error::NoServiceManager)?;
    match manager {
        Manager::Systemd => systemd::enable(tree, name, program, mtime)?,
        Manager::OpenRc => openrc::enable(tree, name, program, mtime)?,
        Manager::Inittab => inittab::enable(tree, program, mtime)?,
    }
    Ok(manager)
}

/// The one that the guest boots with, where there are both.
fn manager(tree: &Tree) -> Option<Manager> {
    let systemd = SYSTEMD.iter().find_map(|path| guest::program(tree, path));
    let openrc = OPENRC.iter().find_map(|path| guest::program(tree, path));
    let init = guest::program(tree, INIT);
    match (systemd, openrc) {
        (Some(systemd), Some(_)) if init.as_ref().is_some_and(|init| *init != systemd) => {
            Some(Manager::OpenRc)
        }
        (Some(_), _) => Some(Manager::Systemd),
        (None, Some(_)) => Some(Manager::OpenRc),
        (None, None) => inittab::is_read_by(tree, init.as_ref()?).then_some(Manager::Inittab),
    }
}
