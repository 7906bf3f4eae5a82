//! Which blocks everything gets.

use std::ops::Range;

use super::Shortage;
use super::contents::{Contents, What};
use super::geometry::Geometry;
use super::space::Space;
use crate::format::extent::{BLOCKS_MAX, Extent, tree_blocks};

/// The blocks of all inodes, and what is to be written to them.
#[derive(Debug)]
pub(crate) struct Allocation {
    /// In the order of their places.
    pub(crate) pieces: Vec<Piece>,
    maps: Vec<BlockMap>,
    extents: Vec<Extent>,
    tree_places: Vec<u64>,
    pub(crate) xattr_places: Vec<u64>,
    /// The block that leads to those kept for descriptors.
    pub(crate) resize_place: Option<u64>,
    /// Every block in use, sorted.
    pub(crate) used: Vec<Range<u64>>,
    pub(crate) free_blocks: u64,
}

/// Blocks in a row, and what goes there.
#[derive(Debug, Clone)]
pub(crate) struct Piece {
    pub(crate) place: u64,
    pub(crate) blocks: u64,
    pub(crate) what: Written,
}

/// What is written to a piece.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Written {
    /// Blocks of the directory, from one of them on.
    Directory {
        /// Which.
        directory: usize,
        /// Its first block here.
        block: u32,
    },
    /// The target of a link.
    Symlink(usize),
    /// Attributes.
    Xattrs(usize),
    /// The block that leads to those kept for descriptors.
    ResizeMap,
    /// The journal's first block.
    Journal,
    /// What a file holds, from a block on.
    File {
        /// The file's inode.
        inode: usize,
        /// Its first block here.
        block: u64,
    },
    /// Blocks of the tree of extents, from one of them on.
    ExtentTree {
        /// Whose.
        owner: Owner,
        /// The first of them here.
        block: usize,
    },
    /// A part of a group's inode table that begins with this number.
    InodeTable(u32),
}

/// Who has extents.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Owner {
    /// An inode of the tree.
    Inode(usize),
    /// The journal.
    Journal,
}

/// The parts of the lists that belong to one inode.
#[derive(Debug, Clone, Default)]
struct BlockMap {
    extents: Range<usize>,
    tree_places: Range<usize>,
}

impl Allocation {
    pub(crate) fn new(contents: &Contents, geometry: &Geometry) -> Result<Self, Shortage> {
        // One more for the journal.
        let count = contents.inodes.len() + 1;
        let mut allocator = Allocator {
            space: Space::new(&geometry.metadata),
            allocation: Self {
                pieces: Vec::with_capacity(count),
                maps: vec![BlockMap::default(); count],
                extents: Vec::with_capacity(count),
                tree_places: Vec::new(),
                xattr_places: Vec::new(),
                resize_place: None,
                used: Vec::new(),
                free_blocks: 0,
            },
        };
        allocator.take_metadata(contents, geometry);
        allocator.take_files(contents);
        let Allocator { space, mut allocation } = allocator;
        let end = space.cursor();
        if end > geometry.blocks {
            return Err(Shortage(end - geometry.blocks));
        }
        allocation.used.push(0..end);
        allocation.used.extend(space.rest().iter().cloned());
        let used: u64 = allocation.used.iter().map(|range| range.end - range.start).sum();
        allocation.free_blocks = geometry.blocks - used;
        Ok(allocation)
    }

    /// The extents of an inode.
    pub(crate) fn extents(&self, owner: Owner) -> &[Extent] {
        &self.extents[self.map(owner).extents.clone()]
    }

    /// Where the blocks of its tree of extents are.
    pub(crate) fn tree_places(&self, owner: Owner) -> &[u64] {
        &self.tree_places[self.map(owner).tree_places.clone()]
    }

    /// How many blocks it has, without those of attributes.
    pub(crate) fn blocks(&self, owner: Owner) -> u64 {
        let data: u64 = self.extents(owner).iter().map(|extent| u64::from(extent.blocks)).sum();
        data + self.tree_places(owner).len() as u64
    }

    fn map(&self, owner: Owner) -> &BlockMap {
        &self.maps[self.slot(owner)]
    }

    fn slot(&self, owner: Owner) -> usize {
        match owner {
            Owner::Inode(index) => index,
            Owner::Journal => self.maps.len() - 1,
        }
    }
}

struct Allocator<'a> {
    space: Space<'a>,
    allocation: Allocation,
}

impl Allocator<'_> {
    /// What is needed to find files comes before all files.
    fn take_metadata(&mut self, contents: &Contents, geometry: &Geometry) {
        for (number, directory) in contents.directories.iter().enumerate() {
            let blocks = 0..directory.blocks();
            self.take(Owner::Inode(directory.inode), std::slice::from_ref(&blocks), |block| {
                Some(Written::Directory { directory: number, block })
            });
        }
        for (index, inode) in contents.inodes.iter().enumerate() {
            if let What::Symlink(_) = inode.what {
                let block = std::slice::from_ref(&(0..1));
                self.take(Owner::Inode(index), block, |_| Some(Written::Symlink(index)));
            }
        }
        for number in 0..contents.xattr_blocks.len() {
            let place = self.take_one(Written::Xattrs(number));
            self.allocation.xattr_places.push(place);
        }
        if geometry.reserved_descriptor_blocks.is_some() {
            self.allocation.resize_place = Some(self.take_one(Written::ResizeMap));
        }
        if geometry.journal_blocks > 0 {
            // All of it but the first block is zeros, and stays unwritten.
            let blocks = [0..1, 1..geometry.journal_blocks as u32];
            self.take(Owner::Journal, &blocks, |block| (block == 0).then_some(Written::Journal));
        }
    }

    fn take_files(&mut self, contents: &Contents) {
        for (index, inode) in contents.inodes.iter().enumerate() {
            if let What::File(_, data) = &inode.what {
                self.take(Owner::Inode(index), data.ranges(), |block| {
                    Some(Written::File { inode: index, block: u64::from(block) })
                });
            }
        }
    }

    fn take_one(&mut self, what: Written) -> u64 {
        let place = self.space.take(1)[0].start;
        self.allocation.pieces.push(Piece { place, blocks: 1, what });
        place
    }

    /// Takes blocks for the given ones of an inode, and for its tree of extents; `what` says what
    /// is written from a block on.
    fn take(
        &mut self,
        owner: Owner,
        logical: &[Range<u32>],
        what: impl Fn(u32) -> Option<Written>,
    ) {
        let first_extent = self.allocation.extents.len();
        for range in logical {
            let mut block = range.start;
            for run in self.space.take(u64::from(range.end - range.start)) {
                let blocks = run.end - run.start;
                if let Some(what) = what(block) {
                    self.allocation.pieces.push(Piece { place: run.start, blocks, what });
                }
                self.push_extents(first_extent, block, run);
                block += blocks as u32;
            }
        }
        let first_place = self.allocation.tree_places.len();
        let needed = tree_blocks(self.allocation.extents.len() - first_extent);
        for run in self.space.take(needed as u64) {
            let what = Written::ExtentTree {
                owner,
                block: self.allocation.tree_places.len() - first_place,
            };
            let blocks = run.end - run.start;
            self.allocation.pieces.push(Piece { place: run.start, blocks, what });
            self.allocation.tree_places.extend(run);
        }
        let slot = self.allocation.slot(owner);
        self.allocation.maps[slot] = BlockMap {
            extents: first_extent..self.allocation.extents.len(),
            tree_places: first_place..self.allocation.tree_places.len(),
        };
    }

    /// Adds a run to the extents of an inode, which begin at `first`.
    fn push_extents(&mut self, first: usize, mut logical: u32, mut run: Range<u64>) {
        if let Some(last) = self.allocation.extents[first..].last_mut()
            && last.logical + last.blocks == logical
            && last.physical + u64::from(last.blocks) == run.start
        {
            let blocks = (run.end - run.start).min(BLOCKS_MAX - u64::from(last.blocks));
            last.blocks += blocks as u32;
            logical += blocks as u32;
            run.start += blocks;
        }
        while !run.is_empty() {
            let blocks = (run.end - run.start).min(BLOCKS_MAX) as u32;
            self.allocation.extents.push(Extent { logical, blocks, physical: run.start });
            logical += blocks;
            run.start += u64::from(blocks);
        }
    }
}
