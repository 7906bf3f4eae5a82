//! Inodes and directories, and where each inode is.

mod places;

use tree::{Kind, Meta};

use super::contents::Contents;
use super::directories::{Listing, Named};
use super::metadata::Metadata;
use super::plan::{Directory, Entry, Plan, Target};
use super::xattrs::Xattrs;
use crate::codec::Compressor;
use crate::error::Error;
use crate::format::inode::{self, Body, Inode, kind};
use crate::format::{DOTS_BYTES, Place};

/// The metadata of a whole filesystem.
pub(crate) struct Tables<'a> {
    plan: &'a Plan<'a>,
    compressor: Compressor,
    inodes: Metadata,
    directories: Metadata,
    xattrs: Xattrs<'a>,
    /// Where each inode is: leaves first, then the directories of the plan.
    places: Vec<Place>,
}

impl<'a> Tables<'a> {
    /// Makes all inodes and directories.
    pub(crate) fn new(
        plan: &'a Plan<'a>,
        contents: &Contents,
        compressor: Compressor,
    ) -> Result<Self, Error> {
        let mut tables = Self {
            plan,
            compressor,
            inodes: Metadata::default(),
            directories: Metadata::default(),
            xattrs: Xattrs::default(),
            places: Vec::new(),
        };
        let nowhere = Place { block: 0, offset: 0 };
        tables.places = vec![nowhere; plan.inode_count()? as usize];
        for leaf in 0..plan.leaves.len() {
            tables.add_leaf(leaf, contents)?;
        }
        for directory in (0..plan.directories.len()).rev() {
            tables.add_directory(directory)?;
        }
        Ok(tables)
    }

    fn add_leaf(&mut self, number: usize, contents: &Contents) -> Result<(), Error> {
        let leaf = &self.plan.leaves[number];
        let stored = contents.of(number);
        let body = match (&leaf.node.kind, stored) {
            (Kind::File(_), Some(stored)) => Body::File(stored.extent.clone()),
            (Kind::Symlink(target), _) => Body::Symlink(target.clone()),
            (Kind::CharDevice { major, minor }, _) => Body::CharDevice(device(*major, *minor)),
            (Kind::BlockDevice { major, minor }, _) => Body::BlockDevice(device(*major, *minor)),
            (Kind::Fifo, _) => Body::Fifo,
            (Kind::Socket, _) => Body::Socket,
            // A plan has no others among its leaves.
            (Kind::File(_) | Kind::Directory | Kind::HardLink(_), _) => return Ok(()),
        };
        let sizes = stored.iter().flat_map(|stored| &stored.blocks);
        let sizes: Vec<u8> = sizes.flat_map(|size| size.to_le_bytes()).collect();
        let inode = Inode {
            mode: leaf.node.meta.mode,
            user: self.plan.owners.place(leaf.node.meta.uid),
            group: self.plan.owners.place(leaf.node.meta.gid),
            mtime: seconds(&leaf.node.meta),
            number: number_of(self.plan, Target::Leaf(number)),
            links: leaf.links,
            xattrs: self.xattrs.number(&leaf.node.meta.xattrs, &mut self.compressor)?,
            body,
        };
        self.add_inode(&inode, &sizes)
    }

    fn add_directory(&mut self, place: usize) -> Result<(), Error> {
        let plan = self.plan;
        let directory = &plan.directories[place];
        let listing = Listing::new(directory.entries.iter().map(|entry| self.named(entry)))?;
        let at = self.directories.length();
        self.directories.append(&listing.bytes, &mut self.compressor)?;
        let index = self.index(at, &listing)?;
        let start = self.directories.place(at);
        let too_large = || Error::TooLarge("more than 4 GiB of directory entries");
        let size = u32::try_from(listing.bytes.len()).ok();
        let size = size.and_then(|size| size.checked_add(DOTS_BYTES)).ok_or_else(too_large)?;
        let meta = directory.meta;
        let inode = Inode {
            mode: meta.mode,
            user: plan.owners.place(meta.uid),
            group: plan.owners.place(meta.gid),
            mtime: seconds(meta),
            number: number_of(plan, Target::Directory(place)),
            links: directory.subdirectory_count.saturating_add(2),
            xattrs: self.xattrs.number(&meta.xattrs, &mut self.compressor)?,
            body: Body::Directory(inode::Listing {
                block: u32::try_from(start.block).map_err(|_| too_large())?,
                offset: start.offset,
                size,
                parent: parent_number(plan, directory),
                index_count: listing.index.len() as u16,
            }),
        };
        self.add_inode(&inode, &index)
    }

    fn add_inode(&mut self, inode: &Inode, lists: &[u8]) -> Result<(), Error> {
        self.places[inode.number as usize - 1] = self.inodes.next_place();
        self.inodes.append(&inode.to_bytes(), &mut self.compressor)?;
        self.inodes.append(lists, &mut self.compressor)
    }

    fn named(&self, entry: &Entry<'a>) -> Named<'a> {
        let number = number_of(self.plan, entry.target);
        let kind = match entry.target {
            Target::Directory(_) => kind::DIRECTORY,
            Target::Leaf(leaf) => kind_of(&self.plan.leaves[leaf].node.kind),
        };
        Named { name: entry.name, place: self.places[number as usize - 1], number, kind }
    }

    /// The index of a directory whose listing begins at `at`, as it follows the inode.
    fn index(&self, at: usize, listing: &Listing) -> Result<Vec<u8>, Error> {
        let mut bytes = Vec::new();
        for (place, name) in &listing.index {
            let block = self.directories.place(at + *place as usize).block;
            let too_large = |_| Error::TooLarge("more than 4 GiB of directory entries");
            let block = u32::try_from(block).map_err(too_large)?;
            for number in [*place, block, (name.len() as u32).wrapping_sub(1)] {
                bytes.extend(number.to_le_bytes());
            }
            bytes.extend_from_slice(name);
        }
        Ok(bytes)
    }
}

/// Numbers begin with 1, in the order of inodes, so the root's is the last.
fn number_of(plan: &Plan, target: Target) -> u32 {
    let number = match target {
        Target::Leaf(leaf) => leaf + 1,
        Target::Directory(place) => plan.leaves.len() + plan.directories.len() - place,
    };
    number as u32
}

/// The root's parent is a number that no inode has.
fn parent_number(plan: &Plan, directory: &Directory) -> u32 {
    let number = number_of(plan, Target::Directory(directory.parent));
    if directory.path.is_root() { number + 1 } else { number }
}

fn kind_of(kind: &Kind) -> u16 {
    match kind {
        Kind::Directory => kind::DIRECTORY,
        Kind::File(_) | Kind::HardLink(_) => kind::FILE,
        Kind::Symlink(_) => kind::SYMLINK,
        Kind::BlockDevice { .. } => kind::BLOCK_DEVICE,
        Kind::CharDevice { .. } => kind::CHAR_DEVICE,
        Kind::Fifo => kind::FIFO,
        Kind::Socket => kind::SOCKET,
    }
}

/// A device number as the kernel writes it, the low byte of the minor number last.
fn device(major: u32, minor: u32) -> u32 {
    minor & 0xff | major << 8 | (minor & !0xff) << 12
}

/// Admitted times have no others.
fn seconds(meta: &Meta) -> u32 {
    meta.mtime.seconds as u32
}
