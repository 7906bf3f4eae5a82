//! Copies sources, without what was built of them or can be had again.

use std::fs::{FileType, Metadata};
use std::path::{Path, PathBuf};

use super::BuildError;

/// More than any project that makes an agent has.
const BYTES_MAX: u64 = 8 << 30;
const ENTRIES_MAX: usize = 500_000;
/// What Cargo puts into a directory of things that it can make again.
const CACHE_TAG: &str = "CACHEDIR.TAG";
const HISTORY: &str = ".git";

/// Copies a directory to a new one, following no link.
pub(super) fn copy(from: &Path, to: &Path) -> Result<(), BuildError> {
    let mut left = Left { bytes: BYTES_MAX, entries: ENTRIES_MAX };
    let too_large = || BuildError::TooLarge { directory: from.to_owned() };
    // Whoever works inside of the sources must not copy the copy.
    let own = to.parent();
    let mut pending: Vec<(PathBuf, PathBuf)> = vec![(from.to_owned(), to.to_owned())];
    while let Some((from, to)) = pending.pop() {
        let failed = |source| BuildError::Copy { path: from.clone(), source };
        fs_err::create_dir(&to).map_err(failed)?;
        for entry in fs_err::read_dir(&from).map_err(failed)? {
            let entry = entry.map_err(failed)?;
            let status = entry.metadata().map_err(failed)?;
            left.take(&status).ok_or_else(too_large)?;
            let (source, target) = (entry.path(), to.join(entry.file_name()));
            if status.is_dir() {
                if !is_dispensable(&source) && own != Some(&source) {
                    pending.push((source, target));
                }
                continue;
            }
            copy_entry(&source, &target, &status)
                .map_err(|error| BuildError::Copy { path: source, source: error })?;
        }
    }
    Ok(())
}

struct Left {
    bytes: u64,
    entries: usize,
}

impl Left {
    fn take(&mut self, status: &Metadata) -> Option<()> {
        self.entries = self.entries.checked_sub(1)?;
        self.bytes = self.bytes.checked_sub(if status.is_file() { status.len() } else { 0 })?;
        Some(())
    }
}

fn is_dispensable(directory: &Path) -> bool {
    directory.file_name().is_some_and(|name| name == HISTORY) || directory.join(CACHE_TAG).is_file()
}

fn copy_entry(from: &Path, to: &Path, status: &Metadata) -> std::io::Result<()> {
    let kind: FileType = status.file_type();
    if kind.is_symlink() {
        return fs_err::os::unix::fs::symlink(fs_err::read_link(from)?, to);
    }
    // Sockets and devices are no sources.
    if !kind.is_file() {
        return Ok(());
    }
    fs_err::copy(from, to)?;
    // Makefiles compare times; a file that nobody may write must still get its own.
    let time = status.modified()?;
    match fs_err::File::open(to) {
        Ok(file) => file.file().set_modified(time),
        Err(error) => Err(error),
    }
}
