//! Directories with their entries, and the order of all inodes.
//!
//! Inodes of what is no directory come first, those of one directory together. Then come the
//! directories, later paths first: the entries of a directory say where inodes are, so what it
//! holds must be written before it.

use std::collections::HashMap;

use tree::{GuestPath, Kind, Meta, Node, Tree};

use super::admission::admit;
use super::owners::Owners;
use crate::error::Error;
use crate::options::Options;

/// Every directory and every other file once, in the order of writing.
pub(crate) struct Plan<'a> {
    /// In the order of their paths: the root first, parents before what they hold.
    pub directories: Vec<Directory<'a>>,
    /// What is no directory, in the order of inodes.
    pub leaves: Vec<Leaf<'a>>,
    pub owners: Owners,
}

/// A directory and what it holds.
pub(crate) struct Directory<'a> {
    pub path: &'a GuestPath,
    pub meta: &'a Meta,
    pub parent: usize,
    pub subdirectory_count: u32,
    /// Sorted by name.
    pub entries: Vec<Entry<'a>>,
}

/// A name in a directory.
pub(crate) struct Entry<'a> {
    pub name: &'a [u8],
    pub target: Target,
}

/// What a name leads to, by its place in the plan.
#[derive(Clone, Copy)]
pub(crate) enum Target {
    Directory(usize),
    Leaf(usize),
}

/// What is no directory, under the first of its names.
pub(crate) struct Leaf<'a> {
    pub path: &'a GuestPath,
    pub node: &'a Node,
    pub links: u32,
}

impl<'a> Plan<'a> {
    pub(crate) fn new(tree: &'a Tree, options: &Options) -> Result<Self, Error> {
        let (directories, places) = directories(tree, options)?;
        let held = nodes_of_directories(tree, &directories, &places);
        let (leaves, linked) = leaves(tree, &held);
        let mut plan = Self { directories, leaves, owners: Owners::default() };
        for leaf in &plan.leaves {
            plan.owners.add(leaf.path, &leaf.node.meta)?;
        }
        for directory in &plan.directories {
            plan.owners.add(directory.path, directory.meta)?;
        }
        let mut next_leaf = 0;
        for (directory, nodes) in plan.directories.iter_mut().zip(held) {
            for (path, node) in nodes {
                let target = match &node.kind {
                    Kind::Directory => places.get(path.as_bytes()).copied().map(Target::Directory),
                    Kind::HardLink(first) => linked.get(first).map(|file| Target::Leaf(file.leaf)),
                    _ => {
                        next_leaf += 1;
                        Some(Target::Leaf(next_leaf - 1))
                    }
                };
                let entry = target.map(|target| Entry { name: path.name(), target });
                directory.subdirectory_count += u32::from(matches!(node.kind, Kind::Directory));
                directory.entries.extend(entry);
            }
        }
        Ok(plan)
    }

    /// How many inodes there are; their numbers begin with 1.
    pub(crate) fn inode_count(&self) -> Result<u32, Error> {
        let count = u32::try_from(self.leaves.len() + self.directories.len());
        // One more is the parent of the root.
        let count = count.ok().filter(|count| *count < u32::MAX);
        count.ok_or(Error::TooLarge("more than 4294967294 files"))
    }
}

type Places<'a> = HashMap<&'a [u8], usize>;
type Nodes<'a> = Vec<(&'a GuestPath, &'a Node)>;

/// A file with several names.
#[derive(Default)]
struct Linked {
    links: u32,
    leaf: usize,
}

/// Admits all nodes, and returns the directories without entries, and the place of each.
fn directories<'a>(
    tree: &'a Tree,
    options: &Options,
) -> Result<(Vec<Directory<'a>>, Places<'a>), Error> {
    let (mut directories, mut places) = (Vec::new(), Places::new());
    for (path, node) in tree {
        admit(path, node, options)?;
        if !matches!(node.kind, Kind::Directory) {
            continue;
        }
        places.insert(path.as_bytes(), directories.len());
        directories.push(Directory {
            path,
            meta: &node.meta,
            parent: places.get(parent_bytes(path)).copied().unwrap_or(0),
            subdirectory_count: 0,
            entries: Vec::new(),
        });
    }
    Ok((directories, places))
}

/// What each directory holds, sorted: in the order of paths, what one directory holds is.
fn nodes_of_directories<'a>(
    tree: &'a Tree,
    directories: &[Directory<'a>],
    places: &Places<'a>,
) -> Vec<Nodes<'a>> {
    let mut held: Vec<Nodes> = directories.iter().map(|_| Nodes::new()).collect();
    for (path, node) in tree.iter().filter(|(path, _)| !path.is_root()) {
        if let Some(place) = places.get(parent_bytes(path)) {
            held[*place].push((path, node));
        }
    }
    held
}

fn leaves<'a>(
    tree: &'a Tree,
    held: &[Nodes<'a>],
) -> (Vec<Leaf<'a>>, HashMap<&'a GuestPath, Linked>) {
    let mut linked: HashMap<&GuestPath, Linked> = HashMap::new();
    for (_, node) in tree {
        if let Kind::HardLink(first) = &node.kind {
            linked.entry(first).or_default().links += 1;
        }
    }
    let mut leaves = Vec::with_capacity(tree.len() - held.len());
    for (path, node) in held.iter().flatten() {
        if matches!(node.kind, Kind::Directory | Kind::HardLink(_)) {
            continue;
        }
        let mut links = 1;
        if let Some(file) = linked.get_mut(path) {
            links += file.links;
            file.leaf = leaves.len();
        }
        leaves.push(Leaf { path, node, links });
    }
    (leaves, linked)
}

fn parent_bytes(path: &GuestPath) -> &[u8] {
    let bytes = path.as_bytes();
    let end = bytes.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
    &bytes[..end]
}
