//! A guest's tree in a working directory, where its programs can run: written in parts, read back.

use std::path::Path;

use tree::directory::{self, Devices, Options, Owners, Status, Written};
use tree::{GuestPath, Tree};

use super::scripts::{ScriptError, Scripts};

/// The directory that a guest's tree is written to while its programs run.
pub(crate) struct WorkingCopy<'a> {
    /// The directory.
    pub(crate) root: &'a Path,
    /// What runs the programs.
    pub(crate) scripts: &'a Scripts<'a>,
    written: Option<Written>,
}

/// Why a working copy could not be brought up to date.
#[derive(Debug, thiserror::Error)]
pub enum WorkingCopyError {
    /// The working directory could not be written or read.
    #[error("write the working directory")]
    Directory(#[source] tree::Error),
    /// Owners could not be recorded.
    #[error("record owners")]
    Owners(#[source] ScriptError),
}

impl<'a> WorkingCopy<'a> {
    /// Begins with an empty directory.
    pub(crate) fn new(root: &'a Path, scripts: &'a Scripts<'a>) -> Self {
        Self { root, scripts, written: None }
    }

    /// Writes some nodes of the tree; the directory holds the others already.
    pub(crate) fn write(
        &mut self,
        tree: &Tree,
        paths: &[GuestPath],
    ) -> Result<(), WorkingCopyError> {
        let options = Options { owners: self.scripts.on_disk, devices: Devices::Skip };
        let written = directory::write_paths(tree, paths, self.root, options)
            .map_err(WorkingCopyError::Directory)?;
        if self.scripts.on_disk == Owners::Skip {
            self.scripts
                .expect_owners(self.root, tree, &written)
                .map_err(WorkingCopyError::Owners)?;
        }
        match &mut self.written {
            Some(earlier) => earlier.merge(written),
            none => *none = Some(written),
        }
        Ok(())
    }

    /// Reads back what programs left; `tree` is what was written.
    pub(crate) fn read_back(&self, tree: &Tree) -> Result<Tree, WorkingCopyError> {
        let previous = self.written.as_ref().map(|written| (tree, written));
        let owners = self.scripts.recorded_owners();
        directory::read(self.root, previous, &|status: &Status| {
            owners.get(&(status.device, status.inode)).copied()
        })
        .map_err(WorkingCopyError::Directory)
    }
}
