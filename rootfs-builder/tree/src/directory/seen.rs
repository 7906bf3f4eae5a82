//! What several threads have read of a directory, and the tree that it is together.

use std::collections::{BTreeSet, HashMap};

use crate::node::{Kind, Meta, Node};
use crate::path::GuestPath;
use crate::tree::Tree;

/// What one thread has read.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) directories: Vec<(GuestPath, Directory)>,
    /// The names of files that have several.
    pub(super) groups: Vec<((u64, u64), GuestPath)>,
}

/// One directory.
pub(super) struct Directory {
    pub(super) meta: Meta,
    /// What a fingerprint is made of.
    pub(super) listing: [u8; 32],
    /// In order; those without a node are directories themselves.
    pub(super) entries: Vec<(GuestPath, Option<Node>)>,
}

/// Puts together what was read, and turns all but the first name of each file into hard links.
pub(super) fn tree_of(walks: Vec<Seen>) -> Tree {
    let mut directories = HashMap::new();
    let mut groups: HashMap<(u64, u64), BTreeSet<GuestPath>> = HashMap::new();
    for walk in walks {
        directories.extend(walk.directories);
        for (file, path) in walk.groups {
            groups.entry(file).or_default().insert(path);
        }
    }
    let several = groups.into_values().filter(|group| group.len() > 1);
    let names = several.filter_map(|mut group| Some((group.pop_first()?, group)));
    Tree::from_walk(in_order(directories), names.collect())
}

/// All nodes in the order of their paths, which is that of bytes. Sorting them would take longer.
fn in_order(mut directories: HashMap<GuestPath, Directory>) -> Vec<(GuestPath, Node)> {
    let count = directories.values().map(|directory| directory.entries.len()).sum::<usize>() + 1;
    let mut nodes = Vec::with_capacity(count);
    add(vec![(GuestPath::root(), None)], &mut directories, &mut nodes);
    nodes
}

/// Adds the entries of one directory, and everything below them.
fn add(
    entries: Vec<(GuestPath, Option<Node>)>,
    directories: &mut HashMap<GuestPath, Directory>,
    nodes: &mut Vec<(GuestPath, Node)>,
) {
    // Between `a` and `a/b` there may be others, `a-c` and what is in it.
    let mut open: Vec<(GuestPath, Vec<_>)> = Vec::new();
    for (path, node) in entries {
        while let Some((_, inside)) = open.pop_if(|(above, _)| is_after_all_in(above, &path)) {
            add(inside, directories, nodes);
        }
        match node {
            Some(node) => nodes.push((path, node)),
            None => {
                let Some(directory) = directories.remove(&path) else { continue };
                let Directory { meta, entries, .. } = directory;
                nodes.push((path.clone(), Node { meta, kind: Kind::Directory }));
                open.push((path, entries));
            }
        }
    }
    while let Some((_, inside)) = open.pop() {
        add(inside, directories, nodes);
    }
}

/// Whether an entry comes after all that is in another before it, in the same directory.
fn is_after_all_in(directory: &GuestPath, path: &GuestPath) -> bool {
    let rest = path.as_bytes().strip_prefix(directory.as_bytes());
    rest.is_none_or(|rest| rest > b"/")
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn nodes_come_in_the_order_of_their_bytes() {
        let of = |path: &str, entries: &[&str]| {
            let path = GuestPath::new(path).unwrap();
            let entry = |name: &&str| {
                let node = Node { meta: Meta::default(), kind: Kind::Fifo };
                let is_directory = name.starts_with(['a', 'b']);
                (path.join(name).unwrap(), (!is_directory).then_some(node))
            };
            let entries = entries.iter().map(entry).collect();
            (path.clone(), Directory { meta: Meta::default(), listing: [0; 32], entries })
        };
        let directories = [
            of("", &["a", "a!", "a-", "a-b", "a0", "b", "z"]),
            of("a", &["a", "z"]),
            of("a/a", &["z"]),
            of("a!", &["z"]),
            of("a-", &["z", "~"]),
            of("a-b", &[]),
            of("a0", &["z"]),
            of("b", &["!", "a", "z"]),
            of("b/a", &["!"]),
        ];
        let nodes = in_order(directories.into_iter().collect());
        assert!(nodes.is_sorted_by(|a, b| a.0 < b.0), "{nodes:?}");
        assert_eq!(nodes.len(), 19);
    }
}
