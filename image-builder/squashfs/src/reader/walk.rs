//! From the root down through all directories.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use tree::{Content, GuestPath, Kind, Meta, Node, Timestamp, Tree};

use super::blocks::{Blocks, Stored};
use super::content::{FileBytes, Tail};
use super::directories::{self, Entry};
use super::fields::Fields;
use super::image::Image;
use super::inodes;
use super::table::Table;
use super::xattrs::Xattrs;
use crate::error::Fault;
use crate::format::inode::{Body, Extent, Inode, Listing};
use crate::format::{FRAGMENT_BYTES, Place};

/// All metadata, and what was found so far.
pub(crate) struct Walk {
    blocks: Arc<Blocks>,
    inodes: Table,
    directories: Table,
    fragments: Table,
    owners: Table,
    xattrs: Xattrs,
    tree: Tree,
    /// The first name found of everything that is no directory.
    names: HashMap<Place, GuestPath>,
    visited: HashSet<Place>,
}

impl Walk {
    /// Reads all metadata.
    pub(crate) fn new(image: Image) -> Result<Self, Fault> {
        let superblock = &image.superblock;
        let (inodes, directories) = (superblock.inode_table, superblock.directory_table);
        let fragment_bytes = u64::from(superblock.fragment_count) * FRAGMENT_BYTES as u64;
        let fragments = Table::read_listed(&image, superblock.fragment_table, fragment_bytes)?;
        let owner_bytes = u64::from(superblock.owner_count) * 4;
        let owners = Table::read_listed(&image, superblock.owner_table, owner_bytes)?;
        let directories_end = image.end_of_directories()?;
        Ok(Self {
            inodes: Table::read(&image, inodes, directories)?,
            directories: Table::read(&image, directories, directories_end)?,
            fragments,
            owners,
            xattrs: Xattrs::read(&image)?,
            tree: Tree::new(),
            names: HashMap::new(),
            visited: HashSet::new(),
            blocks: Arc::new(Blocks::new(image)),
        })
    }

    /// Goes through all directories.
    pub(crate) fn tree(mut self) -> Result<Tree, Fault> {
        let place = Place::from_reference(self.blocks.image.superblock.root);
        let root = self.read_inode(place)?.0;
        let mut pending = vec![(GuestPath::root(), self.enter(&GuestPath::root(), place, &root)?)];
        while let Some((directory, listing)) = pending.pop() {
            let entries = directories::read(&listing, &mut self.directories)
                .map_err(|fault| at(&directory, fault))?;
            for entry in entries {
                let path = directory.join(&entry.name);
                let path = path.map_err(|error| Fault::Tree(error.into()))?;
                let below = self.add(&path, &entry).map_err(|fault| at(&path, fault))?;
                pending.extend(below.map(|listing| (path, listing)));
            }
        }
        let count = self.names.len() + self.visited.len();
        if count > self.blocks.image.superblock.inode_count as usize {
            return Err(Fault::Corrupt("there are more inodes than are said"));
        }
        Ok(self.tree)
    }

    /// Puts what a name leads to into the tree; returns where its own entries are, if it has any.
    fn add(&mut self, path: &GuestPath, entry: &Entry) -> Result<Option<Listing>, Fault> {
        if let Some(first) = self.names.get(&entry.place) {
            let link = Node { meta: Meta::default(), kind: Kind::HardLink(first.clone()) };
            self.tree.insert(path.clone(), link)?;
            return Ok(None);
        }
        let (inode, blocks) = self.read_inode(entry.place)?;
        if inode.body.kind() != entry.kind {
            return Err(Fault::Corrupt("the entry is of another kind than its inode"));
        }
        if matches!(inode.body, Body::Directory(_)) {
            return self.enter(path, entry.place, &inode).map(Some);
        }
        let meta = self.meta(&inode)?;
        let kind = match inode.body {
            Body::File(extent) => Kind::File(self.content(&extent, blocks)?),
            Body::Symlink(target) if target.contains(&0) => {
                return Err(Fault::Corrupt("a symbolic link holds a zero byte"));
            }
            Body::Symlink(target) => Kind::Symlink(target),
            Body::BlockDevice(number) => {
                let (major, minor) = device(number);
                Kind::BlockDevice { major, minor }
            }
            Body::CharDevice(number) => {
                let (major, minor) = device(number);
                Kind::CharDevice { major, minor }
            }
            Body::Socket => Kind::Socket,
            Body::Fifo | Body::Directory(_) => Kind::Fifo,
        };
        self.tree.insert(path.clone(), Node { meta, kind })?;
        self.names.insert(entry.place, path.clone());
        Ok(None)
    }

    /// Puts a directory into the tree.
    fn enter(&mut self, path: &GuestPath, place: Place, inode: &Inode) -> Result<Listing, Fault> {
        let Body::Directory(listing) = &inode.body else {
            return Err(Fault::Corrupt("the root is no directory"));
        };
        if !self.visited.insert(place) {
            return Err(Fault::Corrupt("a directory has two names"));
        }
        let meta = self.meta(inode)?;
        self.tree.insert(path.clone(), Node { meta, kind: Kind::Directory })?;
        Ok(listing.clone())
    }

    /// Reads an inode, and the sizes of its blocks if it is a file.
    fn read_inode(&mut self, place: Place) -> Result<(Inode, Box<[u32]>), Fault> {
        let mut fields = self.inodes.from(place)?;
        let start = fields.0.len();
        let inode = inodes::read(&mut fields)?;
        let mut sizes = Box::default();
        if let Body::File(extent) = &inode.body {
            let count = extent.block_count(self.blocks.image.superblock.block_size);
            let length = usize::try_from(count).ok().and_then(|count| count.checked_mul(4));
            let length = length.ok_or(Fault::Corrupt("a file is larger than any can be"))?;
            let bytes = fields.bytes(length)?;
            sizes = bytes.chunks_exact(4).map_while(|size| Fields(size).word().ok()).collect();
        }
        let used = start - fields.0.len();
        self.inodes.count(used)?;
        Ok((inode, sizes))
    }

    fn meta(&mut self, inode: &Inode) -> Result<Meta, Fault> {
        Ok(Meta {
            mode: inode.mode & 0o7777,
            uid: self.owner(inode.user)?,
            gid: self.owner(inode.group)?,
            mtime: Timestamp::from_seconds(inode.mtime.into()),
            xattrs: self.xattrs.set(inode.xattrs)?,
        })
    }

    fn owner(&self, place: u16) -> Result<u32, Fault> {
        let missing = Fault::Corrupt("an inode names an owner that is not there");
        Fields(self.owners.all().get(usize::from(place) * 4..).ok_or(missing)?).word()
    }

    fn content(&self, extent: &Extent, sizes: Box<[u32]>) -> Result<Content, Fault> {
        if extent.size == 0 {
            return Ok(Content::from(Vec::new()));
        }
        let mut tail = None;
        if extent.has_fragment() {
            let at = (extent.fragment as usize).saturating_mul(FRAGMENT_BYTES);
            let missing = Fault::Corrupt("a file names a fragment that is not there");
            let mut fields = Fields(self.fragments.all().get(at..).ok_or(missing)?);
            let fragment = Stored { start: fields.long()?, size: fields.word()? };
            tail = Some(Tail { fragment, offset: extent.offset });
        }
        let bytes = FileBytes::new(self.blocks.clone(), extent, sizes, tail)?;
        Ok(Content::Made(Arc::new(bytes)))
    }
}

/// Says at which entry something was wrong.
fn at(path: &GuestPath, fault: Fault) -> Fault {
    match fault {
        Fault::Corrupt(what) => Fault::Entry { path: path.clone(), what },
        other => other,
    }
}

/// The major and minor number, from the form that the kernel writes.
fn device(number: u32) -> (u32, u32) {
    (number >> 8 & 0xfff, number & 0xff | number >> 12 & 0xf_ff00)
}
