//! Keeps files with several names in one form: all others name the first.

use super::Tree;
use crate::error::Error;
use crate::node::{Kind, Meta, Node, Timestamp};
use crate::path::GuestPath;

impl Tree {
    pub(super) fn insert_link(
        &mut self,
        path: GuestPath,
        target: GuestPath,
        mtime: Timestamp,
    ) -> Result<(), Error> {
        let first = match self.first_name(&target) {
            None => return Err(Error::LinkTargetMissing { path, target }),
            Some(first) => first.clone(),
        };
        if self.is_directory(&first) {
            return Err(Error::LinkTargetDirectory { path, target });
        }
        if self.first_name(&path) == Some(&first) {
            return Ok(());
        }
        self.make_parents(&path, mtime)?;
        self.keeps_children(&path, &hard_link(first.clone()))?;
        self.detach(&path);
        if path < first {
            self.promote(&first, path);
        } else {
            self.nodes.insert(path.clone(), hard_link(first.clone()));
            self.names.entry(first).or_default().insert(path);
        }
        Ok(())
    }

    /// Makes `new` the first name of the file whose first name is `old`.
    fn promote(&mut self, old: &GuestPath, new: GuestPath) {
        let mut names = self.names.remove(old).unwrap_or_default();
        names.insert(old.clone());
        if let Some(node) = self.nodes.insert(old.clone(), hard_link(new.clone())) {
            self.nodes.insert(new.clone(), node);
        }
        for name in &names {
            self.nodes.insert(name.clone(), hard_link(new.clone()));
        }
        self.names.insert(new, names);
    }

    /// Takes out one name; if others name the same file, the next of them takes it over.
    pub(super) fn detach(&mut self, path: &GuestPath) -> Option<Node> {
        let node = self.nodes.remove(path)?;
        if let Kind::HardLink(first) = &node.kind {
            if let Some(names) = self.names.get_mut(first) {
                names.remove(path);
                if names.is_empty() {
                    self.names.remove(first);
                }
            }
        } else if let Some(mut names) = self.names.remove(path)
            && let Some(next) = names.pop_first()
        {
            self.nodes.insert(next.clone(), node.clone());
            for name in &names {
                self.nodes.insert(name.clone(), hard_link(next.clone()));
            }
            if !names.is_empty() {
                self.names.insert(next, names);
            }
        }
        Some(node)
    }
}

pub(super) fn hard_link(target: GuestPath) -> Node {
    Node { meta: Meta::default(), kind: Kind::HardLink(target) }
}
