//! A whole root filesystem: sorted paths to nodes.

mod below;
mod links;
mod resolve;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet, btree_map};
use std::path::Path;

use crate::content::Content;
use crate::error::Error;
use crate::node::{Kind, Meta, Node, Timestamp};
use crate::path::GuestPath;

/// A whole root filesystem: sorted paths to nodes, always with the root directory.
///
/// Three things hold at any time: every parent is a directory of the tree; a hard link names the
/// first of its names in sort order, which is neither hard link nor directory; and a hard link's
/// own meta is empty. Two trees of the same files are therefore equal, whatever the order of
/// insertion was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tree {
    nodes: BTreeMap<GuestPath, Node>,
    /// The first name of each file with several names, to the other names.
    names: BTreeMap<GuestPath, BTreeSet<GuestPath>>,
}

impl Default for Tree {
    fn default() -> Self {
        Self::new()
    }
}

impl Tree {
    /// A tree of nothing but the root directory: mode 0755, owned by root.
    pub fn new() -> Self {
        let root = (GuestPath::root(), made_directory(Timestamp::default()));
        Self { nodes: BTreeMap::from([root]), names: BTreeMap::new() }
    }

    /// Makes a tree of archive entries in order: paths follow the symbolic links that earlier
    /// entries left in their parents, later entries replace earlier ones.
    pub fn from_entries(
        entries: impl IntoIterator<Item = (GuestPath, Node)>,
    ) -> Result<Self, Error> {
        let mut tree = Self::new();
        for (path, node) in entries {
            tree.insert_resolved(&path, node)?;
        }
        Ok(tree)
    }

    /// How many nodes there are, the root included.
    #[allow(clippy::len_without_is_empty)] // There is always the root.
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Returns the node at exactly this path.
    pub fn get(&self, path: &GuestPath) -> Option<&Node> {
        self.nodes.get(path)
    }

    /// Returns the tree's own copy of a path with its node.
    pub(crate) fn get_key(&self, path: &GuestPath) -> Option<(&GuestPath, &Node)> {
        self.nodes.get_key_value(path)
    }

    /// Returns the node that carries meta and content: for a hard link, the one it names.
    pub fn inode(&self, path: &GuestPath) -> Option<&Node> {
        self.nodes.get(self.first_name(path)?)
    }

    /// Returns the first name of the file at `path`: for all but hard links the path itself.
    pub fn first_name<'a>(&'a self, path: &'a GuestPath) -> Option<&'a GuestPath> {
        match &self.nodes.get(path)?.kind {
            Kind::HardLink(target) => Some(target),
            _ => Some(path),
        }
    }

    /// Returns all names of the file at `path`, sorted; none if there is no such file.
    pub fn names<'a>(&'a self, path: &'a GuestPath) -> Vec<&'a GuestPath> {
        let Some(first) = self.first_name(path) else { return Vec::new() };
        let others = self.names.get(first).into_iter().flatten();
        std::iter::once(first).chain(others).collect()
    }

    /// Lends the meta at this path for changing: for a hard link, that of the file it names.
    pub fn meta_mut(&mut self, path: &GuestPath) -> Option<&mut Meta> {
        let first = self.first_name(path)?.clone();
        self.nodes.get_mut(&first).map(|node| &mut node.meta)
    }

    /// Lends the content of the regular file at this path, also through a hard link.
    pub fn content_mut(&mut self, path: &GuestPath) -> Option<&mut Content> {
        let first = self.first_name(path)?.clone();
        match &mut self.nodes.get_mut(&first)?.kind {
            Kind::File(content) => Some(content),
            _ => None,
        }
    }

    /// Goes through all nodes in the byte order of their paths, so parents come first.
    pub fn iter(&self) -> btree_map::Iter<'_, GuestPath, Node> {
        self.nodes.iter()
    }

    /// Goes through every meta for changing; hard links have none of their own.
    pub fn metas_mut(&mut self) -> impl Iterator<Item = (&GuestPath, &mut Meta)> {
        let inodes =
            self.nodes.iter_mut().filter(|(_, node)| !matches!(node.kind, Kind::HardLink(_)));
        inodes.map(|(path, node)| (path, &mut node.meta))
    }

    /// Puts a node at a path, in place of what stood there.
    ///
    /// Missing parents are made: mode 0755, owned by root, as old as the node. A directory over a
    /// directory replaces only its meta. A directory with entries is replaced by nothing else.
    pub fn insert(&mut self, path: GuestPath, mut node: Node) -> Result<(), Error> {
        if let Kind::HardLink(target) = &node.kind {
            let (target, mtime) = (target.clone(), node.meta.mtime);
            return self.insert_link(path, target, mtime);
        }
        self.make_parents(&path, node.meta.mtime)?;
        if !self.keeps_children(&path, &node)? {
            self.detach(&path);
        }
        node.meta.mode &= 0o7777;
        self.nodes.insert(path, node);
        Ok(())
    }

    /// Puts a node where `path` leads through the symbolic links that the tree holds in its
    /// parents; the same goes for the target of a hard link. Returns the path it got.
    ///
    /// A directory where the tree has a symbolic link to a directory changes nothing, as archives
    /// made for `lib` must not take the place of a `lib` that leads to `usr/lib`.
    pub fn insert_resolved(
        &mut self,
        path: &GuestPath,
        mut node: Node,
    ) -> Result<GuestPath, Error> {
        let path = self.resolve_parents(path)?;
        if matches!(node.kind, Kind::Directory) && self.is_symlink(&path) {
            let target = self.resolve(&path)?;
            if self.is_directory(&target) {
                return Ok(target);
            }
        }
        if let Kind::HardLink(target) = &mut node.kind {
            *target = self.resolve_parents(target)?;
        }
        self.insert(path.clone(), node)?;
        Ok(path)
    }

    /// Takes out a node, and with a directory everything below. Of a file with several names only
    /// this one goes. The root stays, but loses its entries.
    pub fn remove(&mut self, path: &GuestPath) -> Option<Node> {
        if matches!(self.nodes.get(path)?.kind, Kind::Directory) {
            self.remove_below(path);
        }
        if path.is_root() { self.nodes.get(path).cloned() } else { self.detach(path) }
    }

    /// Brings contents of at most `limit` bytes that are files below `directory` on the host into
    /// memory, so that the tree outlives them.
    pub fn load_small(&mut self, directory: &Path, limit: u64) -> Result<(), Error> {
        for (path, node) in &mut self.nodes {
            let Kind::File(content) = &mut node.kind else { continue };
            if content.is_stored_below(directory) && content.length() <= limit {
                let bytes = content
                    .read(limit)
                    .map_err(|source| Error::Content { path: path.clone(), source })?;
                *content = Content::from(bytes);
            }
        }
        Ok(())
    }

    /// Makes a tree of nodes whose parents are known to be there, as a walk finds them; `names` are
    /// those of files that have several, whose nodes are alike.
    pub(crate) fn from_walk(
        nodes: Vec<(GuestPath, Node)>,
        names: BTreeMap<GuestPath, BTreeSet<GuestPath>>,
    ) -> Self {
        let mut nodes: BTreeMap<_, _> = nodes.into_iter().collect();
        for (first, others) in &names {
            for other in others {
                let kind = Kind::HardLink(first.clone());
                nodes.insert(other.clone(), Node { meta: Meta::default(), kind });
            }
        }
        Self { nodes, names }
    }

    fn is_directory(&self, path: &GuestPath) -> bool {
        self.get(path).is_some_and(|node| matches!(node.kind, Kind::Directory))
    }

    fn is_symlink(&self, path: &GuestPath) -> bool {
        self.inode(path).is_some_and(|node| matches!(node.kind, Kind::Symlink(_)))
    }

    fn make_parents(&mut self, path: &GuestPath, mtime: Timestamp) -> Result<(), Error> {
        let Some(parent) = path.parent() else { return Ok(()) };
        match self.nodes.get(&parent).map(|node| &node.kind) {
            Some(Kind::Directory) => Ok(()),
            Some(_) => Err(Error::NotDirectory { path: parent }),
            None => {
                self.make_parents(&parent, mtime)?;
                self.nodes.insert(parent, made_directory(mtime));
                Ok(())
            }
        }
    }

    /// Whether `node` may come over a directory at `path` and take its entries.
    fn keeps_children(&self, path: &GuestPath, node: &Node) -> Result<bool, Error> {
        let is_directory = self.is_directory(path);
        if is_directory && matches!(node.kind, Kind::Directory) {
            return Ok(true);
        }
        if path.is_root() {
            return Err(Error::NotDirectory { path: path.clone() });
        }
        if is_directory && self.below(path).next().is_some() {
            return Err(Error::DirectoryInTheWay { path: path.clone() });
        }
        Ok(false)
    }
}

impl<'a> IntoIterator for &'a Tree {
    type Item = (&'a GuestPath, &'a Node);
    type IntoIter = btree_map::Iter<'a, GuestPath, Node>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

fn made_directory(mtime: Timestamp) -> Node {
    Node { meta: Meta { mode: 0o755, mtime, ..Meta::default() }, kind: Kind::Directory }
}
