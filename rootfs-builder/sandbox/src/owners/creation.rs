//! New files that get their group from the directory that they are made in.

use std::collections::HashMap;
use std::ffi::{CStr, CString};
use std::os::fd::OwnedFd;

use rustix::fs::{AtFlags, Stat};

use super::ledger::Ledger;
use super::tracee::{Location, Tracee, open_at};

/// Files about to be made.
#[derive(Debug, Default)]
pub(super) struct Creations {
    /// By thread: it waits, makes its file, and does nothing else until its next call.
    pending: HashMap<u32, Pending>,
}

#[derive(Debug)]
struct Pending {
    parent: OwnedFd,
    name: CString,
    group: u32,
}

impl Creations {
    /// Is told that `tracee` is about to make the file at `location`.
    pub(super) fn expect(&mut self, tracee: &Tracee<'_>, location: &Location, ledger: &Ledger) {
        if ledger.is_empty() {
            return;
        }
        let Some((parent, name)) = split(&location.path) else { return };
        let Ok(parent) = open_at(tracee.processes, &parent, true) else { return };
        let Ok(found) = rustix::fs::fstat(&parent) else { return };
        let group = inherited(&found, ledger);
        let is_there = rustix::fs::statat(&parent, &name, AtFlags::SYMLINK_NOFOLLOW).is_ok();
        if group != 0 && !is_there {
            self.pending.insert(tracee.call.thread, Pending { parent, name, group });
        }
    }

    /// Writes down the file that `thread` has made since its last call.
    pub(super) fn settle(&mut self, thread: u32, ledger: &mut Ledger) {
        let Some(Pending { parent, name, group }) = self.pending.remove(&thread) else { return };
        // It need not have succeeded.
        let Ok(made) = open_at(&parent, &name, false) else { return };
        let Ok(found) = rustix::fs::fstat(&made) else { return };
        let file = (found.st_dev, found.st_ino);
        if ledger.owner(file) == (0, 0) {
            ledger.set(file, (0, group), made);
        }
    }

    /// Writes down all files made by threads that are gone.
    pub(super) fn settle_all(&mut self, ledger: &mut Ledger) {
        let threads: Vec<u32> = self.pending.keys().copied().collect();
        threads.into_iter().for_each(|thread| self.settle(thread, ledger));
    }
}

/// Returns the group that a directory gives to what is made in it.
fn inherited(directory: &Stat, ledger: &Ledger) -> u32 {
    let (_, group) = ledger.owner((directory.st_dev, directory.st_ino));
    if directory.st_mode & libc::S_ISGID == 0 { 0 } else { group }
}

/// Splits a path into its directory and the last name.
fn split(path: &CStr) -> Option<(CString, CString)> {
    let mut path = path.to_bytes();
    while let Some(shorter) = path.strip_suffix(b"/") {
        path = shorter;
    }
    let slash = path.iter().rposition(|&byte| byte == b'/')?;
    let (parent, name) = (&path[..slash], &path[slash + 1..]);
    Some((CString::new(parent).ok()?, CString::new(name).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_is_split_at_its_last_name() {
        let parts = |path: &CStr| {
            split(path).map(|(parent, name)| [parent, name].map(|part| part.into_string()))
        };
        let text = |word: &str| Ok(word.to_owned());
        assert_eq!(parts(c"7/root/a/b"), Some([text("7/root/a"), text("b")]));
        assert_eq!(parts(c"7/cwd/b/"), Some([text("7/cwd"), text("b")]));
    }
}
