//! All metadata: inodes, directories, fragments, owners, extended attributes.

use tree::{Kind, Meta};

use super::contents::Contents;
use super::directories::{Listing, Named};
use super::metadata::Metadata;
use super::output::Output;
use super::owners::Owners;
use super::plan::{Directory, Entry, Plan, Target};
use super::xattrs::Xattrs;
use crate::codec::Compressor;
use crate::error::Error;
use crate::format::inode::{self, Body, Inode, kind};
use crate::format::{DOTS_BYTES, FRAGMENT_BYTES, NO_TABLE, Place};

/// The metadata of a whole filesystem.
pub(crate) struct Tables<'a> {
    plan: &'a Plan<'a>,
    compressor: Compressor,
    inodes: Metadata,
    directories: Metadata,
    owners: Owners,
    xattrs: Xattrs<'a>,
    /// Where each inode is: leaves first, then the directories of the plan.
    places: Vec<Place>,
}

/// Where the tables are in the filesystem.
pub(crate) struct Places {
    pub root: u64,
    pub inodes: u64,
    pub directories: u64,
    pub fragments: u64,
    pub fragment_count: u32,
    pub exports: u64,
    pub owners: u64,
    pub owner_count: u16,
    pub xattrs: u64,
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
            owners: Owners::default(),
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
            user: self.owners.place(leaf.node.meta.uid, leaf.path)?,
            group: self.owners.place(leaf.node.meta.gid, leaf.path)?,
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
            user: self.owners.place(meta.uid, directory.path)?,
            group: self.owners.place(meta.gid, directory.path)?,
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

    /// Writes all tables, in the order and without the gaps that the kernel insists on.
    pub(crate) fn write(
        mut self,
        fragments: &[(u64, u32)],
        output: &mut Output,
    ) -> Result<Places, Error> {
        let root = number_of(self.plan, Target::Directory(0));
        let root = self.places[root as usize - 1].to_reference();
        let compressor = &mut self.compressor;
        let inodes = output.position();
        output.append(&self.inodes.finish(compressor)?.0)?;
        let directories = output.position();
        output.append(&self.directories.finish(compressor)?.0)?;
        let fragment_bytes = fragment_table(fragments);
        let fragment_table = write_table(&fragment_bytes, compressor, output)?;
        let exports: Vec<u8> =
            self.places.iter().flat_map(|place| place.to_reference().to_le_bytes()).collect();
        let exports = write_table(&exports, compressor, output)?;
        let owners = write_table(&self.owners.to_bytes(), compressor, output)?;
        let xattrs = write_xattrs(self.xattrs, compressor, output)?;
        Ok(Places {
            root,
            inodes,
            directories,
            fragments: fragment_table,
            fragment_count: fragments.len() as u32,
            exports,
            owners,
            owner_count: self.owners.count(),
            xattrs,
        })
    }
}

fn fragment_table(fragments: &[(u64, u32)]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(fragments.len() * FRAGMENT_BYTES);
    for (start, size) in fragments {
        bytes.extend(start.to_le_bytes());
        bytes.extend(size.to_le_bytes());
        bytes.extend([0; 4]);
    }
    bytes
}

/// Writes a table and then where its blocks are; returns where that list is.
fn write_table(
    bytes: &[u8],
    compressor: &mut Compressor,
    output: &mut Output,
) -> Result<u64, Error> {
    let start = output.position();
    let mut table = Metadata::default();
    table.append(bytes, compressor)?;
    let (compressed, blocks) = table.finish(compressor)?;
    output.append(&compressed)?;
    let list = output.position();
    write_block_list(start, &blocks, output)?;
    Ok(list)
}

fn write_block_list(start: u64, blocks: &[u64], output: &mut Output) -> Result<(), Error> {
    let list: Vec<u8> = blocks.iter().flat_map(|block| (start + block).to_le_bytes()).collect();
    output.append(&list)
}

/// Writes the pairs, the sets, and what says where both are; returns the place of that.
fn write_xattrs(
    xattrs: Xattrs,
    compressor: &mut Compressor,
    output: &mut Output,
) -> Result<u64, Error> {
    let count = xattrs.count();
    if count == 0 {
        return Ok(NO_TABLE);
    }
    let pairs_start = output.position();
    output.append(&xattrs.pairs.finish(compressor)?.0)?;
    let sets_start = output.position();
    let mut sets = Metadata::default();
    sets.append(&xattrs.sets, compressor)?;
    let (compressed, blocks) = sets.finish(compressor)?;
    output.append(&compressed)?;
    let table = output.position();
    output.append(&pairs_start.to_le_bytes())?;
    output.append(&count.to_le_bytes())?;
    output.append(&[0; 4])?;
    write_block_list(sets_start, &blocks, output)?;
    Ok(table)
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
