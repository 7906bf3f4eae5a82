//! Which inodes a tree has, and which directory names which.

use std::collections::HashMap;

use tree::{GuestPath, Kind, Node, Tree};

/// The inodes of a tree in the order of their first names, the root first.
#[derive(Debug)]
pub(crate) struct Inventory<'a> {
    pub found: Vec<Found<'a>>,
    pub directories: Vec<Directory<'a>>,
}

/// What becomes an inode.
#[derive(Debug)]
pub(crate) struct Found<'a> {
    pub path: &'a GuestPath,
    pub node: &'a Node,
    pub links: u32,
    /// For a directory, its place in the list of them.
    pub directory: Option<usize>,
}

/// The names in a directory, sorted, with `.` and `..`.
#[derive(Debug)]
pub(crate) struct Directory<'a> {
    pub names: Vec<Name<'a>>,
}

/// A name and the inode that it leads to.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Name<'a> {
    pub bytes: &'a [u8],
    pub inode: usize,
}

/// Takes the inventory of a tree.
pub(crate) fn take(tree: &Tree) -> Inventory<'_> {
    let mut making = Making {
        inventory: Inventory { found: Vec::with_capacity(tree.len()), directories: Vec::new() },
        linked: linked(tree),
        by_path: HashMap::new(),
        parent: (b"", 0),
    };
    for (path, node) in tree {
        making.add(path, node);
    }
    making.inventory
}

/// The files that have several names; their inodes are filled in when they are met.
fn linked(tree: &Tree) -> HashMap<&GuestPath, usize> {
    let targets = tree.iter().filter_map(|(_, node)| match &node.kind {
        Kind::HardLink(target) => Some((target, 0)),
        _ => None,
    });
    targets.collect()
}

struct Making<'a> {
    inventory: Inventory<'a>,
    linked: HashMap<&'a GuestPath, usize>,
    by_path: HashMap<&'a [u8], usize>,
    /// The last parent met: most nodes have the same as the one before.
    parent: (&'a [u8], usize),
}

impl<'a> Making<'a> {
    fn add(&mut self, path: &'a GuestPath, node: &'a Node) {
        let inode = match &node.kind {
            // The first name comes first in the order, so its inode is known.
            Kind::HardLink(target) => {
                let inode = self.linked.get(target).copied().unwrap_or(0);
                self.inventory.found[inode].links += 1;
                inode
            }
            Kind::Directory => return self.add_directory(path, node),
            _ => self.add_inode(path, node),
        };
        self.add_name(path, inode);
    }

    fn add_inode(&mut self, path: &'a GuestPath, node: &'a Node) -> usize {
        let inode = self.inventory.found.len();
        self.inventory.found.push(Found { path, node, links: 1, directory: None });
        if let Some(place) = self.linked.get_mut(path) {
            *place = inode;
        }
        inode
    }

    fn add_directory(&mut self, path: &'a GuestPath, node: &'a Node) {
        let inode = self.inventory.found.len();
        let directory = self.inventory.directories.len();
        self.inventory.found.push(Found { path, node, links: 2, directory: Some(directory) });
        let parent = if path.is_root() { inode } else { self.add_name(path, inode) };
        let names = vec![Name { bytes: b".", inode }, Name { bytes: b"..", inode: parent }];
        self.inventory.directories.push(Directory { names });
        if inode != parent {
            self.inventory.found[parent].links += 1;
        }
        self.by_path.insert(path.as_bytes(), inode);
    }

    /// Puts a name into its directory, and returns the directory's inode.
    fn add_name(&mut self, path: &'a GuestPath, inode: usize) -> usize {
        let name = path.name();
        let bytes = path.as_bytes();
        let above = &bytes[..(bytes.len() - name.len()).saturating_sub(1)];
        if above != self.parent.0 {
            self.parent = (above, self.by_path.get(above).copied().unwrap_or(0));
        }
        let parent = self.parent.1;
        if let Some(directory) = self.inventory.found[parent].directory {
            let names = &mut self.inventory.directories[directory].names;
            // Siblings come in order; only the dots can stand behind some of them.
            let place = names.partition_point(|other| other.bytes < name);
            names.insert(place, Name { bytes: name, inode });
        }
        parent
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use tree::Meta;

    use super::*;

    #[test]
    fn names_are_sorted_with_the_dots_among_them_and_links_are_counted() {
        let mut tree = Tree::new();
        for path in ["!", "d/-", "d/.-", "d/..a", "d/x", "d-", "d/sub/file"] {
            let node = Node { meta: Meta::default(), kind: Kind::Fifo };
            tree.insert(GuestPath::new(path).unwrap(), node).unwrap();
        }
        let link = Kind::HardLink(GuestPath::new("!").unwrap());
        let node = Node { meta: Meta::default(), kind: link };
        tree.insert(GuestPath::new("d/link").unwrap(), node).unwrap();

        let inventory = take(&tree);
        let names = |directory: usize| -> Vec<_> {
            let names = &inventory.directories[directory].names;
            names.iter().map(|name| String::from_utf8_lossy(name.bytes).into_owned()).collect()
        };
        assert_eq!(names(0), ["!", ".", "..", "d", "d-"]);
        assert_eq!(names(1), ["-", ".", ".-", "..", "..a", "link", "sub", "x"]);
        let links: Vec<_> =
            inventory.found.iter().map(|found| format!("{} {}", found.path, found.links)).collect();
        assert!(links.contains(&"/ 3".to_owned()) && links.contains(&"/d 3".to_owned()));
        assert!(links.contains(&"/! 2".to_owned()) && links.contains(&"/d/sub 2".to_owned()));
    }
}
