//! Walks from the root through all directories.

use std::collections::{HashMap, HashSet};

use tree::{GuestPath, Kind, Node, Tree};

use super::inode::{self, FileKind, Inode};
use super::metadata::Metadata;
use super::{content, directory};
use crate::error::Fault;

/// Reads all nodes; a failure comes with the path where it was met.
pub(super) fn walk(metadata: &mut Metadata) -> Result<Tree, (GuestPath, Fault)> {
    let mut walk = Walk { tree: Tree::new(), linked: HashMap::new(), seen: HashSet::new() };
    let root = u64::from(metadata.superblock.root);
    let mut waiting = vec![(GuestPath::root(), root)];
    while let Some((path, number)) = waiting.pop() {
        let inside = walk.enter(metadata, &path, number).map_err(|fault| (path.clone(), fault))?;
        for (name, number) in inside {
            let child = path.join(&name).map_err(|error| (path.clone(), tree_fault(error)))?;
            metadata
                .charge_path(child.as_bytes().len() as u64)
                .map_err(|fault| (path.clone(), fault))?;
            let is_directory =
                walk.add(metadata, &child, number).map_err(|fault| (child.clone(), fault))?;
            if is_directory {
                waiting.push((child, number));
            }
        }
    }
    Ok(walk.tree)
}

struct Walk {
    tree: Tree,
    /// The first name met of inodes that say that they have several.
    linked: HashMap<u64, GuestPath>,
    seen: HashSet<u64>,
}

impl Walk {
    /// Reads the names in a directory.
    fn enter(
        &mut self,
        metadata: &mut Metadata,
        path: &GuestPath,
        number: u64,
    ) -> Result<Vec<directory::Named>, Fault> {
        if !self.seen.insert(number) {
            return Err(Fault::Damaged("a directory has two names"));
        }
        let inode = inode::read(metadata, number)?;
        if inode.kind != FileKind::Directory {
            return Err(Fault::Damaged("the root is not a directory"));
        }
        let names = directory::read(metadata, &inode)?;
        if path.is_root() {
            self.insert(path, inode, Kind::Directory)?;
        }
        Ok(names)
    }

    /// Adds one node; returns whether it is a directory.
    fn add(
        &mut self,
        metadata: &mut Metadata,
        path: &GuestPath,
        number: u64,
    ) -> Result<bool, Fault> {
        if let Some(target) = self.linked.get(&number) {
            let kind = Kind::HardLink(target.clone());
            let node = Node { meta: tree::Meta::default(), kind };
            self.tree.insert(path.clone(), node)?;
            return Ok(false);
        }
        let inode = inode::read(metadata, number)?;
        let is_directory = inode.kind == FileKind::Directory;
        if !is_directory && inode.record.links > 1 {
            self.linked.insert(number, path.clone());
        }
        let kind = kind(metadata, &inode)?;
        self.insert(path, inode, kind)?;
        Ok(is_directory)
    }

    fn insert(&mut self, path: &GuestPath, inode: Inode, kind: Kind) -> Result<(), Fault> {
        self.tree.insert(path.clone(), Node { meta: inode.meta, kind })?;
        Ok(())
    }
}

fn kind(metadata: &mut Metadata, inode: &Inode) -> Result<Kind, Fault> {
    let (major, minor) = inode::device(inode.record.place);
    Ok(match inode.kind {
        FileKind::Directory => Kind::Directory,
        FileKind::File => Kind::File(content::find(metadata, inode)?),
        FileKind::Symlink => Kind::Symlink(link_target(metadata, inode)?),
        FileKind::CharDevice => Kind::CharDevice { major, minor },
        FileKind::BlockDevice => Kind::BlockDevice { major, minor },
        FileKind::Fifo => Kind::Fifo,
        FileKind::Socket => Kind::Socket,
    })
}

fn link_target(metadata: &mut Metadata, inode: &Inode) -> Result<Box<[u8]>, Fault> {
    if !(1..=4095).contains(&inode.record.size) {
        return Err(Fault::Damaged("a symbolic link is empty or longer than a path"));
    }
    let target = content::find(metadata, inode)?.read(4095).map_err(Fault::Read)?;
    if target.contains(&0) {
        return Err(Fault::Damaged("a symbolic link holds a NUL byte"));
    }
    Ok(target.into())
}

fn tree_fault(error: tree::PathError) -> Fault {
    Fault::Tree(error.into())
}
