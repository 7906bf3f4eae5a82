//! The entries of a directory, and how many blocks they take.

use std::ops::Range;

use super::levels::levels;
use crate::format::BLOCK;
use crate::format::directory::{
    BLOCK_TAIL, DATA_HEADER, FREE_BLOCK, INDEX_BLOCK, INDEX_ENTRY, INDEX_HEADER, LOCAL_HEADER,
    entry_size, local_entry_size,
};

/// What the header of a first block and the entries of the directory itself and its parent take.
pub(crate) const FIRST_ENTRY: usize = DATA_HEADER + 16 + 16;
/// Their entries in the index.
pub(crate) const DOTS: usize = 2;
/// Leaves are three quarters full, so that names can be added.
const LEAF_ENTRIES: usize = (BLOCK - INDEX_HEADER) / INDEX_ENTRY * 3 / 4;
const NODE_ENTRIES: u64 = ((BLOCK - INDEX_HEADER) / INDEX_ENTRY) as u64;
/// Of so many blocks, a block of the list of free space says how much they have.
pub(crate) const FREE_ENTRIES: usize = (BLOCK - 64) / 2;

/// A name in a directory.
#[derive(Debug)]
pub(crate) struct Entry<'t> {
    pub(crate) name: &'t [u8],
    /// The place of the inode among all.
    pub(crate) inode: usize,
    pub(crate) kind: u8,
}

/// The entries of a directory, sorted by name.
#[derive(Debug, Default)]
pub(crate) struct Directory<'t> {
    pub(crate) parent: usize,
    pub(crate) entries: Vec<Entry<'t>>,
}

/// How a directory that is not inside its inode is laid out.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Shape {
    /// The first entry of each block of data.
    pub(crate) firsts: Vec<usize>,
    pub(crate) index: Index,
}

/// Where the hashes of names are.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Index {
    /// At the end of the only block.
    Inside,
    /// In one block, which knows about free space, too.
    Leaf,
    /// In a tree: the blocks of its levels, the lowest first; there are at least two.
    Tree(Vec<u64>),
}

impl<'t> Directory<'t> {
    pub(crate) fn push(&mut self, name: &'t [u8], inode: usize, kind: u8) {
        self.entries.push(Entry { name, inode, kind });
    }

    /// What it takes inside its inode.
    pub(crate) fn local_size(&self) -> usize {
        let sizes = self.entries.iter().map(|entry| local_entry_size(entry.name.len()));
        LOCAL_HEADER + sizes.sum::<usize>()
    }

    /// How it is laid out outside.
    pub(crate) fn shape(&self) -> Shape {
        let (mut firsts, mut end, mut total) = (vec![0], FIRST_ENTRY, FIRST_ENTRY);
        for (number, entry) in self.entries.iter().enumerate() {
            let size = entry_size(entry.name.len());
            if end + size > BLOCK {
                firsts.push(number);
                end = DATA_HEADER;
            }
            end += size;
            total += size;
        }
        let hashes = self.entries.len() + DOTS;
        let room_of_bests = 2 * firsts.len() + 4;
        let index = if total + INDEX_ENTRY * hashes + BLOCK_TAIL <= BLOCK {
            Index::Inside
        } else if INDEX_HEADER + INDEX_ENTRY * hashes + room_of_bests <= BLOCK {
            Index::Leaf
        } else {
            let leaves = hashes.div_ceil(LEAF_ENTRIES).max(2);
            Index::Tree(levels(leaves as u64, NODE_ENTRIES, 1))
        };
        Shape { firsts, index }
    }
}

impl Shape {
    /// The blocks of the directory, as it counts them: of data, of the index and of free space.
    pub(crate) fn logical(&self) -> Vec<Range<u64>> {
        let data = self.firsts.len() as u64;
        let (index, free) = match &self.index {
            Index::Inside => (0, 0),
            Index::Leaf => (1, 0),
            Index::Tree(levels) => (levels.iter().sum(), data.div_ceil(FREE_ENTRIES as u64)),
        };
        let parts = [(0, data), (INDEX_BLOCK, index), (FREE_BLOCK, free)];
        let ranges = parts.into_iter().map(|(start, blocks)| start..start + blocks);
        ranges.filter(|range| !range.is_empty()).collect()
    }

    /// The entries of a block of data.
    pub(crate) fn entries(&self, block: usize, all: usize) -> Range<usize> {
        self.firsts[block]..self.firsts.get(block + 1).copied().unwrap_or(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(names: usize) -> Shape {
        let mut directory = Directory::default();
        (0..names).for_each(|_| directory.push(b"a name", 3, 1));
        directory.shape()
    }

    #[test]
    fn directories_grow_an_index() {
        assert_eq!(shape(1), Shape { firsts: vec![0], index: Index::Inside });
        assert_eq!(shape(124).index, Index::Inside);
        assert_eq!(shape(125).logical(), [0..1, INDEX_BLOCK..INDEX_BLOCK + 1]);
        assert_eq!(shape(498).index, Index::Leaf);
        assert_eq!(shape(503).index, Index::Tree(vec![2, 1]));
        assert_eq!(shape(200_000).index, Index::Tree(vec![530, 2, 1]));
    }
}
