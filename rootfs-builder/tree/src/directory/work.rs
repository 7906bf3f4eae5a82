//! What a write has to make, in the order in which it must be made.

use std::collections::BTreeSet;
use std::os::fd::AsFd;
use std::sync::Arc;

use rustix::io::Errno;

use super::create::{Creator, finish, set_time};
use super::root::Root;
use super::write::{Devices, Options, error};
use super::written::Written;
use crate::content::Content;
use crate::error::Error;
use crate::node::{Kind, Node};
use crate::path::GuestPath;
use crate::tree::Tree;

/// Everything that is to be made, in the order in which it must be.
pub(super) struct Work<'a> {
    directories: BTreeSet<&'a GuestPath>,
    pub(super) entries: Vec<(&'a GuestPath, &'a Node)>,
    links: Vec<(&'a GuestPath, &'a GuestPath)>,
    pub(super) skipped: BTreeSet<&'a GuestPath>,
    parents: BTreeSet<GuestPath>,
}

impl<'a> Work<'a> {
    pub(super) fn plan(
        nodes: impl Iterator<Item = (&'a GuestPath, &'a Node)>,
        devices: Devices,
    ) -> Self {
        let mut work = Self {
            directories: BTreeSet::new(),
            entries: Vec::new(),
            links: Vec::new(),
            skipped: BTreeSet::new(),
            parents: BTreeSet::new(),
        };
        for (path, node) in nodes {
            match &node.kind {
                Kind::Directory => {
                    work.directories.insert(path);
                }
                Kind::CharDevice { .. } | Kind::BlockDevice { .. } if devices == Devices::Skip => {
                    work.skipped.insert(path);
                    continue;
                }
                Kind::HardLink(target) if work.skipped.contains(target) => {
                    work.skipped.insert(path);
                    continue;
                }
                Kind::HardLink(target) => work.links.push((path, target)),
                _ => work.entries.push((path, node)),
            }
            if let Some(parent) = path.parent().filter(|parent| !work.parents.contains(parent)) {
                work.parents.insert(parent);
            }
        }
        // Neighbours in an archive are read together; what is no span needs no order.
        work.entries.sort_by_key(|(_, node)| match &node.kind {
            Kind::File(Content::Span { file, offset, .. }) => {
                (Arc::as_ptr(file).cast::<u8>() as usize, *offset)
            }
            _ => (0, 0),
        });
        work
    }

    pub(super) fn make_directories(
        &mut self,
        tree: &'a Tree,
        root: &Root,
        creator: &mut Creator<'_>,
    ) -> Result<(), Error> {
        self.add_missing_parents(tree, root)?;
        for path in &self.directories {
            creator.directory(path).map_err(|failure| error(root, path, failure))?;
        }
        Ok(())
    }

    /// Takes in parents that are not to be written but are not on disk either.
    fn add_missing_parents(&mut self, tree: &'a Tree, root: &Root) -> Result<(), Error> {
        let mut pending: Vec<GuestPath> = self.parents.iter().cloned().collect();
        while let Some(path) = pending.pop() {
            if self.directories.contains(&path) {
                continue;
            }
            match root.open_parent(path.as_bytes()) {
                Ok(_) => {}
                Err(Errno::NOENT) => {
                    let Some((path, _)) = tree.get_key(&path) else { continue };
                    self.directories.insert(path);
                    // The directory above gets an entry, whose time it must not show.
                    pending.extend(path.parent());
                    self.parents.extend(path.parent());
                }
                Err(errno) => return Err(root.error("open", &path, errno)),
            }
        }
        Ok(())
    }

    pub(super) fn make_links(
        &self,
        root: &Root,
        creator: &mut Creator<'_>,
        written: &mut Written,
    ) -> Result<(), Error> {
        for (path, target) in &self.links {
            creator.hard_link(path, target).map_err(|failure| error(root, path, failure))?;
        }
        // Every further name moves the time of change. Of a file that an earlier write made it is
        // not known any more whether a script changed it too.
        let known = self.links.iter().filter(|(_, target)| written.stamps.contains_key(*target));
        for path in known.flat_map(|(path, target)| [*path, *target]).collect::<Vec<_>>() {
            let stamp = creator.stamp(path).map_err(|failure| error(root, path, failure))?;
            written.stamps.insert(path.clone(), stamp);
        }
        Ok(())
    }

    /// Applies meta from the leaves up: a mode may lock us out, and new entries move times.
    pub(super) fn finish_directories(
        &self,
        tree: &Tree,
        root: &Root,
        options: Options,
        written: &mut Written,
    ) -> Result<(), Error> {
        for path in self.parents.iter().filter(|path| !self.directories.contains(path)) {
            let Some(node) = tree.get(path) else { continue };
            let failed = |errno| root.error("set time of", path, errno);
            // A script may have put a link there, which is then none of ours to change.
            match root.open_directory(path.as_bytes()) {
                Ok(handle) => set_time(handle.as_fd(), node.meta.mtime).map_err(failed)?,
                Err(Errno::LOOP | Errno::NOTDIR) => {}
                Err(errno) => return Err(failed(errno)),
            }
        }
        for path in self.directories.iter().rev() {
            let Some(node) = tree.get(path) else { continue };
            let handle = root
                .open_directory(path.as_bytes())
                .map_err(|errno| root.error("open", path, errno))?;
            let stamp = finish(handle.as_fd(), &node.meta, options)
                .map_err(|failure| error(root, path, failure))?;
            written.stamps.insert((*path).clone(), stamp);
        }
        Ok(())
    }
}
