//! What several threads have read of a directory, and the tree that it is together.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::node::{Kind, Meta, Node};
use crate::path::GuestPath;
use crate::tree::Tree;

/// What one thread has read.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) nodes: Vec<(GuestPath, Node)>,
    /// The names of files that have several.
    pub(super) groups: Vec<((u64, u64), GuestPath)>,
    /// What a fingerprint is made of.
    pub(super) listings: Vec<(GuestPath, [u8; 32])>,
}

/// Puts together what was read, and turns all but the first name of each file into hard links.
pub(super) fn tree_of(walks: Vec<Seen>) -> Tree {
    let mut nodes = Vec::with_capacity(walks.iter().map(|walk| walk.nodes.len()).sum());
    let mut groups: HashMap<(u64, u64), BTreeSet<GuestPath>> = HashMap::new();
    for walk in walks {
        for (file, path) in walk.groups {
            groups.entry(file).or_default().insert(path);
        }
        nodes.extend(walk.nodes);
    }
    nodes.sort_by(|a, b| a.0.cmp(&b.0));
    let mut names = BTreeMap::new();
    for mut group in groups.into_values().filter(|group| group.len() > 1) {
        let Some(first) = group.pop_first() else { continue };
        for other in &group {
            if let Ok(index) = nodes.binary_search_by(|(path, _)| path.cmp(other)) {
                let kind = Kind::HardLink(first.clone());
                nodes[index].1 = Node { meta: Meta::default(), kind };
            }
        }
        names.insert(first, group);
    }
    Tree::from_walk(nodes, names)
}
