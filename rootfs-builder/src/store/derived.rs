//! Directories made from a blob once, and used ever after.

use std::fmt::Write as _;
use std::io;
use std::path::{Path, PathBuf};

use super::{Shelf, Store, StoreError, mark_used};
use crate::digest::Digest;

const STAMP: &str = "stamp";
// A stamp that was cut off by a crash lacks this line.
const STAMP_END: &str = "end";

impl Store {
    /// Finds the directory that was made from `digest`, or has `make` fill an empty one.
    ///
    /// `make` writes plain files into the directory it is given. Only one process at a time
    /// makes the same directory; the others wait and use its result.
    pub fn derived<E: From<StoreError>>(
        &self,
        shelf: Shelf,
        digest: Digest,
        make: impl FnOnce(&Path) -> Result<(), E>,
    ) -> Result<PathBuf, E> {
        let target = self.entry_path(shelf, digest);
        if self.is_whole(&target)? {
            return Ok(target);
        }
        let _lock = self.lock_entry(shelf, digest, &|| false)?;
        if self.is_whole(&target)? {
            return Ok(target);
        }
        let fresh = self.session.fresh_path();
        fs_err::create_dir(&fresh).map_err(|error| self.error(error))?;
        let made = make(&fresh).and_then(|()| Ok(self.put(&fresh, &target)?));
        if made.is_err() {
            // The session's end removes it otherwise.
            let _ = fs_err::remove_dir_all(&fresh);
        }
        made.map(|()| target)
    }

    /// Finds the directory that was made from `digest`.
    pub fn find_derived(
        &self,
        shelf: Shelf,
        digest: Digest,
    ) -> Result<Option<PathBuf>, StoreError> {
        let target = self.entry_path(shelf, digest);
        Ok(self.is_whole(&target)?.then_some(target))
    }

    fn is_whole(&self, directory: &Path) -> Result<bool, StoreError> {
        let _gate = self.gate_shared()?;
        let stamp = match fs_err::read_to_string(directory.join(STAMP)) {
            Ok(stamp) => stamp,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) if error.kind() == io::ErrorKind::InvalidData => return Ok(false),
            Err(error) => return Err(self.error(error)),
        };
        let whole = is_stamp_true(directory, &stamp);
        if whole {
            mark_used(&directory.join(STAMP));
        }
        Ok(whole)
    }

    fn put(&self, fresh: &Path, target: &Path) -> Result<(), StoreError> {
        let stamp = stamp_of(fresh).map_err(|error| self.error(error))?;
        fs_err::write(fresh.join(STAMP), stamp).map_err(|error| self.error(error))?;
        if target.exists() {
            // Torn remains of a crash: a directory is not replaced by rename unless empty.
            let aside = self.session.fresh_path();
            fs_err::rename(target, &aside).map_err(|error| self.error(error))?;
        }
        self.place(fresh, target)
    }
}

/// One line for each file: its size and its name.
fn stamp_of(directory: &Path) -> io::Result<String> {
    let mut lines = Vec::new();
    for entry in fs_err::read_dir(directory)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_str().ok_or(io::ErrorKind::InvalidFilename)?;
        lines.push(format!("{} {name}", entry.metadata()?.len()));
    }
    lines.sort();
    let mut stamp = String::new();
    for line in lines.iter().map(String::as_str).chain([STAMP_END]) {
        // Writing to a string cannot fail.
        let _ = writeln!(stamp, "{line}");
    }
    Ok(stamp)
}

fn is_stamp_true(directory: &Path, stamp: &str) -> bool {
    let Some(lines) = stamp.strip_suffix(&format!("{STAMP_END}\n")) else { return false };
    lines.lines().all(|line| {
        let Some((size, name)) = line.split_once(' ') else { return false };
        let found = fs_err::metadata(directory.join(name)).map(|found| found.len());
        found.is_ok_and(|found| size.parse() == Ok(found))
    })
}
