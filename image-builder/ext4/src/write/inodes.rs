//! Inodes, and the blocks that belong to one of them.

use tree::{PartReader, Timestamp};

use super::Writer;
use crate::bytes::put32;
use crate::error::Error;
use crate::format::extent::ExtentTree;
use crate::format::inode::{self, Inode, XATTRS_SIZE, flag, kind};
use crate::format::{BLOCK, BLOCK_BYTES, BLOCKS_PER_GROUP, has_backup, journal};
use crate::plan::allocation::{Owner, Piece, Written};
use crate::plan::contents::What;
use crate::plan::directory::{Numbering, shown_links};

/// Inodes in a block of the table.
pub(super) const PER_BLOCK: u32 = (BLOCK / inode::SIZE) as u32;
const SECTORS_PER_BLOCK: u64 = BLOCK_BYTES / 512;
/// Where blocks of blocks of numbers begin in the old form of an inode.
const DOUBLE_INDIRECT_AT: usize = 13 * 4;
const DIRECT_BLOCKS: u64 = 12;
const NUMBERS_PER_BLOCK: u64 = BLOCK_BYTES / 4;

impl Writer<'_> {
    /// The parts of inode tables that have inodes in use.
    pub(super) fn inode_tables(&self) -> Vec<Piece> {
        let per_group = self.plan.geometry.inodes_per_group;
        let mut left = self.plan.contents.number_max();
        let mut pieces = Vec::new();
        for (place, group) in self.plan.geometry.inode_tables.iter().zip(0..) {
            let used = left.min(u64::from(per_group));
            if used == 0 {
                break;
            }
            let what = Written::InodeTable(1 + group * per_group);
            let blocks = used.div_ceil(u64::from(PER_BLOCK));
            pieces.push(Piece { place: *place, blocks, what });
            left -= used;
        }
        pieces
    }

    /// Fills the buffer with what belongs to a piece.
    pub(super) fn fill(
        &self,
        piece: &Piece,
        buffer: &mut [u8],
        source: &mut PartReader,
    ) -> Result<(), Error> {
        let contents = &self.plan.contents;
        match piece.what {
            Written::InodeTable(first) => {
                for (bytes, number) in buffer.chunks_exact_mut(inode::SIZE).zip(first..) {
                    bytes.copy_from_slice(&self.inode(number));
                }
            }
            Written::Directory { directory, block } => {
                let directory = &contents.directories[directory];
                let seed = self.seed.of_inode(contents.number(directory.inode), 0);
                let numbering = Numbering { number: &|index| contents.number(index), seed };
                for (bytes, block) in buffer.chunks_exact_mut(BLOCK).zip(block..) {
                    bytes.copy_from_slice(&directory.encode(block, &numbering));
                }
            }
            Written::File { inode, block } => {
                let inode = &contents.inodes[inode];
                if let What::File(content, _) = &inode.what {
                    let filled = source.fill(content, block * BLOCK_BYTES, buffer);
                    let failed = |source| Error::Content { path: inode.shown_path(), source };
                    filled.map_err(failed)?;
                }
            }
            Written::Symlink(inode) => {
                buffer.fill(0);
                if let What::Symlink(target) = contents.inodes[inode].what {
                    buffer[..target.len()].copy_from_slice(target);
                }
            }
            Written::Xattrs(number) => {
                buffer.copy_from_slice(&contents.xattr_blocks.encode(
                    number,
                    piece.place,
                    self.seed,
                ));
            }
            Written::ExtentTree { owner, block } => {
                let blocks = &self.extent_tree(owner).blocks[block..];
                for (bytes, block) in buffer.chunks_exact_mut(BLOCK).zip(blocks) {
                    bytes.copy_from_slice(block);
                }
            }
            Written::ResizeMap => self.fill_resize_map(buffer),
            Written::Journal => {
                let blocks = self.plan.geometry.journal_blocks;
                buffer.copy_from_slice(&journal::superblock(blocks, &self.plan.options.uuid));
            }
        }
        Ok(())
    }

    pub(super) fn extent_tree(&self, owner: Owner) -> ExtentTree {
        let number = match owner {
            Owner::Inode(index) => self.plan.contents.number(index),
            Owner::Journal => journal::INODE,
        };
        let allocation = &self.plan.allocation;
        let seed = self.seed.of_inode(number, 0);
        ExtentTree::new(allocation.extents(owner), allocation.tree_places(owner), seed)
    }

    /// The inode of a number; one that is reserved and not used is zero but for its checksum.
    fn inode(&self, number: u32) -> [u8; inode::SIZE] {
        let geometry = &self.plan.geometry;
        let encoded = match (self.plan.contents.index(number), number) {
            (Some(index), _) => Some(self.inode_of_tree(index)),
            (None, journal::INODE) if geometry.journal_blocks > 0 => Some(self.journal_inode()),
            (None, inode::RESIZE) => self.resize_inode(),
            (None, _) => None,
        };
        let mut bytes = encoded.map_or([0; inode::SIZE], |inode| inode.encode());
        if u64::from(number) <= self.plan.contents.number_max() {
            inode::seal(&mut bytes, self.seed, number);
        }
        bytes
    }

    fn inode_of_tree(&self, index: usize) -> Inode {
        let contents = &self.plan.contents;
        let from = &contents.inodes[index];
        let owner = Owner::Inode(index);
        let blocks = self.plan.allocation.blocks(owner) + u64::from(from.xattrs.block.is_some());
        let mut inode = Inode {
            mode: from.mode,
            uid: from.uid,
            gid: from.gid,
            size: 0,
            time: from.time,
            links: from.links as u16,
            sectors: blocks * SECTORS_PER_BLOCK,
            flags: 0,
            area: [0; inode::AREA],
            xattr_block: from.xattrs.block.map_or(0, |n| self.plan.allocation.xattr_places[n]),
            xattrs: from.xattrs.encode(),
        };
        match &from.what {
            What::Directory(number) => {
                let directory = &contents.directories[*number];
                inode.size = u64::from(directory.blocks()) * BLOCK_BYTES;
                inode.links = shown_links(from.links);
                inode.flags = if directory.is_indexed() { flag::INDEXED } else { 0 };
            }
            What::File(content, _) => inode.size = content.length(),
            What::ShortSymlink(target) => {
                inode.size = target.len() as u64;
                inode.area[..target.len()].copy_from_slice(target);
            }
            What::Symlink(target) => inode.size = target.len() as u64,
            What::Device(words) => {
                put32(&mut inode.area, 0, words[0]);
                put32(&mut inode.area, 4, words[1]);
            }
            What::Nothing => {}
        }
        if matches!(from.what, What::Directory(_) | What::File(..) | What::Symlink(_)) {
            inode.flags |= flag::EXTENTS;
            inode.area = self.extent_tree(owner).root;
        }
        inode
    }

    pub(super) fn journal_inode(&self) -> Inode {
        Inode {
            size: self.plan.geometry.journal_blocks * BLOCK_BYTES,
            sectors: self.plan.allocation.blocks(Owner::Journal) * SECTORS_PER_BLOCK,
            flags: flag::EXTENTS,
            area: self.extent_tree(Owner::Journal).root,
            ..self.hidden_inode()
        }
    }

    /// The file that keeps room for descriptors: its blocks are the reserved ones after each copy
    /// of the descriptors, reached through the reserved ones after the first.
    fn resize_inode(&self) -> Option<Inode> {
        let geometry = &self.plan.geometry;
        let (place, reserved) =
            (self.plan.allocation.resize_place?, geometry.reserved_descriptor_blocks?);
        let copies = backups(geometry.groups).count() as u64;
        let mut inode = Inode {
            // As large as what one such block can lead to.
            size: (DIRECT_BLOCKS + NUMBERS_PER_BLOCK + NUMBERS_PER_BLOCK * NUMBERS_PER_BLOCK)
                * BLOCK_BYTES,
            sectors: (1 + reserved * (1 + copies)) * SECTORS_PER_BLOCK,
            ..self.hidden_inode()
        };
        put32(&mut inode.area, DOUBLE_INDIRECT_AT, place as u32);
        Some(inode)
    }

    fn fill_resize_map(&self, buffer: &mut [u8]) {
        buffer.fill(0);
        for (place, position) in self.reserved_descriptor_places() {
            let at = position % NUMBERS_PER_BLOCK * 4;
            put32(buffer, at as usize, place as u32);
        }
    }

    /// The reserved blocks of the first group, and how many descriptor blocks come before each.
    fn reserved_descriptor_places(&self) -> impl Iterator<Item = (u64, u64)> {
        let first = self.plan.geometry.descriptor_blocks;
        let reserved = self.plan.geometry.reserved_descriptor_blocks.unwrap_or(0);
        (first..first + reserved).map(|position| (1 + position, position))
    }

    /// The reserved blocks of the first group: each leads to those at its place in other groups.
    pub(super) fn reserved_descriptors(&self) -> Vec<u8> {
        let mut all = Vec::new();
        for (place, _) in self.reserved_descriptor_places() {
            let mut block = [0; BLOCK];
            for (group, number) in backups(self.plan.geometry.groups).zip(0..) {
                put32(&mut block, number * 4, (place + group * BLOCKS_PER_GROUP) as u32);
            }
            all.extend(block);
        }
        all
    }

    fn hidden_inode(&self) -> Inode {
        Inode {
            mode: kind::FILE | 0o600,
            uid: 0,
            gid: 0,
            size: 0,
            time: Timestamp::from_seconds(self.plan.options.time),
            links: 1,
            sectors: 0,
            flags: 0,
            area: [0; inode::AREA],
            xattr_block: 0,
            xattrs: [0; XATTRS_SIZE],
        }
    }
}

/// The groups that hold copies.
pub(super) fn backups(groups: u32) -> impl Iterator<Item = u64> {
    (1..u64::from(groups)).filter(|group| has_backup(*group))
}
