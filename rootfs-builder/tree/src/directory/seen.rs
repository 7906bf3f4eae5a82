//! What several threads have read of a directory, and the tree that it is together.

use std::collections::{BTreeSet, HashMap};

use crate::node::Node;
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
    let mut nodes = Vec::new();
    let mut groups: HashMap<(u64, u64), BTreeSet<GuestPath>> = HashMap::new();
    for mut walk in walks {
        for (file, path) in walk.groups {
            groups.entry(file).or_default().insert(path);
        }
        nodes.append(&mut walk.nodes);
    }
    let several = groups.into_values().filter(|group| group.len() > 1);
    let names = several.filter_map(|mut group| Some((group.pop_first()?, group)));
    Tree::from_walk(nodes, names.collect())
}
