//! What is remembered of a written directory, to tell later what was changed in it.

use std::collections::{BTreeSet, HashMap};
use std::thread;
use std::time::Duration;

use rustix::fs::Mode;

use super::root::Root;
use super::status::{Stamp, status};
use super::write::Owners;
use crate::error::Error;
use crate::path::GuestPath;

/// Clocks of file systems move on at least every ten milliseconds.
const SETTLE_STEP: Duration = Duration::from_millis(1);
const SETTLE_STEPS_MAX: usize = 1000;

/// What is remembered of a written directory, to tell later what was changed in it.
#[derive(Debug, Clone)]
pub struct Written {
    pub(super) owners: Owners,
    pub(super) stamps: HashMap<GuestPath, Stamp>,
    /// Devices that were left out, and are therefore not missing.
    pub(super) skipped: BTreeSet<GuestPath>,
}

impl Written {
    pub(super) fn new(owners: Owners) -> Self {
        Self { owners, stamps: HashMap::new(), skipped: BTreeSet::new() }
    }

    /// The files that were written, each with its number on the directory's device.
    pub fn inodes(&self) -> impl Iterator<Item = (&GuestPath, u64)> {
        self.stamps.iter().map(|(path, stamp)| (path, stamp.inode))
    }

    /// Adds what a later write into the same directory remembers.
    pub fn merge(&mut self, later: Written) {
        for path in later.stamps.keys() {
            self.skipped.remove(path);
        }
        self.stamps.extend(later.stamps);
        self.skipped.extend(later.skipped);
    }

    /// Waits until every later change in the directory gets a later time than any remembered one.
    pub(super) fn settle(&mut self, root: &Root) -> Result<(), Error> {
        let Some(newest) = self.stamps.values().map(|stamp| stamp.changed).max() else {
            return Ok(());
        };
        let failed = |errno| root.error("read the time of", &GuestPath::root(), errno);
        for _ in 0..SETTLE_STEPS_MAX {
            // Setting a mode anew moves the time of change and nothing else.
            let mode = u32::from(status(&root.handle).map_err(failed)?.stx_mode);
            rustix::fs::fchmod(&root.handle, Mode::from_raw_mode(mode)).map_err(failed)?;
            let probe = status(&root.handle).map_err(failed)?;
            if Stamp::of(&probe).changed > newest {
                return Ok(());
            }
            thread::sleep(SETTLE_STEP);
        }
        // A clock that stands still proves nothing: everything will be read back.
        self.stamps.values_mut().for_each(|stamp| stamp.inode = 0);
        Ok(())
    }
}
