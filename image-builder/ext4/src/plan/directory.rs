//! The entries of a directory, in blocks; large directories are indexed by the hash of names.

use std::ops::Range;

use crate::bytes::{put16, put32};
use crate::checksum::Checksum;
use crate::format::directory::{
    HEADER_SIZE, INDEX_ENTRY_SIZE, INDEX_TAIL_SIZE, NODE_INDEX_AT, ROOT_INDEX_AT, ROOT_INFO_AT,
    ROOT_INFO_SIZE, TAIL_KIND, TAIL_SIZE, entry_kind, entry_size,
};
use crate::format::inode::kind;
use crate::format::superblock::HASH_HALF_MD4;
use crate::format::{BLOCK, inode};
use crate::hash::{NameHash, half_md4};

/// The room for entries in a leaf.
const LEAF_SIZE: usize = BLOCK - TAIL_SIZE;
/// How much of it is filled in an indexed directory, so that not every new name splits a leaf.
const LEAF_FILLED: usize = LEAF_SIZE * 4 / 5;
/// The entries for the directory itself and for its parent.
const DOTS_SIZE: usize = 24;
const ROOT_ENTRIES: usize = (BLOCK - ROOT_INDEX_AT - INDEX_TAIL_SIZE) / INDEX_ENTRY_SIZE;
const NODE_ENTRIES: usize = (BLOCK - NODE_INDEX_AT - INDEX_TAIL_SIZE) / INDEX_ENTRY_SIZE;

/// One directory.
#[derive(Debug)]
pub(crate) struct Directory<'t> {
    /// Its inode, and that of its parent.
    pub(crate) inode: usize,
    parent: usize,
    entries: Vec<Entry<'t>>,
    layout: Layout,
}

#[derive(Debug)]
struct Entry<'t> {
    name: &'t [u8],
    inode: usize,
    kind: u8,
    hash: NameHash,
}

#[derive(Debug)]
enum Layout {
    /// All entries in the first of so many blocks.
    Linear(u32),
    /// A root, nodes below it if one level is not enough, then leaves.
    Indexed { nodes: usize, leaves: Vec<Leaf> },
}

/// The entries of one leaf, and the number in the index from which on names belong to it.
#[derive(Debug)]
struct Leaf {
    entries: Range<usize>,
    from: u32,
}

/// What the blocks of a directory need to know of the rest.
pub(crate) struct Numbering<'a> {
    /// The number on disk of an inode.
    pub(crate) number: &'a dyn Fn(usize) -> u32,
    /// Where checksums of this directory begin.
    pub(crate) seed: Checksum,
}

impl<'t> Directory<'t> {
    pub(crate) fn new(inode: usize, parent: usize) -> Self {
        Self { inode, parent, entries: Vec::new(), layout: Layout::Linear(1) }
    }

    pub(crate) fn push(&mut self, name: &'t [u8], inode: usize, kind: u8) {
        self.entries.push(Entry { name, inode, kind, hash: NameHash::default() });
    }

    /// Divides the entries among blocks; false if they are too many for an index.
    pub(crate) fn arrange(&mut self, hash_seed: &[u8; 16], blocks_min: u32) -> bool {
        let size: usize = self.entries.iter().map(|entry| entry_size(entry.name.len())).sum();
        if DOTS_SIZE + size <= LEAF_SIZE {
            self.layout = Layout::Linear(blocks_min);
            return true;
        }
        for entry in &mut self.entries {
            entry.hash = half_md4(entry.name, hash_seed);
        }
        self.entries.sort_unstable_by_key(|entry| (entry.hash, entry.name));
        let leaves = self.leaves();
        let nodes =
            if leaves.len() <= ROOT_ENTRIES { 0 } else { leaves.len().div_ceil(NODE_ENTRIES) };
        self.layout = Layout::Indexed { nodes, leaves };
        nodes <= ROOT_ENTRIES
    }

    pub(crate) fn blocks(&self) -> u32 {
        match &self.layout {
            Layout::Linear(blocks) => *blocks,
            Layout::Indexed { nodes, leaves } => (1 + nodes + leaves.len()) as u32,
        }
    }

    pub(crate) fn is_indexed(&self) -> bool {
        matches!(self.layout, Layout::Indexed { .. })
    }

    /// One of its blocks.
    pub(crate) fn encode(&self, block: u32, numbering: &Numbering) -> [u8; BLOCK] {
        let block = block as usize;
        match &self.layout {
            Layout::Linear(_) if block == 0 => {
                self.encode_leaf(0..self.entries.len(), true, numbering)
            }
            Layout::Linear(_) => self.encode_leaf(0..0, false, numbering),
            Layout::Indexed { nodes, leaves } => match block {
                0 => self.encode_root(*nodes, leaves, numbering),
                node if node <= *nodes => {
                    let first = (node - 1) * NODE_ENTRIES;
                    let last = leaves.len().min(first + NODE_ENTRIES);
                    let children = leaves[first..last].iter().map(|leaf| leaf.from);
                    encode_node(children, 1 + nodes + first, numbering)
                }
                leaf => {
                    let leaf = &leaves[leaf - 1 - nodes];
                    self.encode_leaf(leaf.entries.clone(), false, numbering)
                }
            },
        }
    }

    fn leaves(&self) -> Vec<Leaf> {
        let mut leaves: Vec<Leaf> = Vec::new();
        let mut filled = usize::MAX;
        for (position, entry) in self.entries.iter().enumerate() {
            let size = entry_size(entry.name.len());
            if filled.saturating_add(size) > LEAF_FILLED {
                let before = position.checked_sub(1).map(|before| self.entries[before].hash.major);
                // The lowest bit says that names of the same hash lie in the leaf before too.
                let goes_on = u32::from(before == Some(entry.hash.major));
                let from = if leaves.is_empty() { 0 } else { entry.hash.major | goes_on };
                leaves.push(Leaf { entries: position..position, from });
                filled = 0;
            }
            filled += size;
            if let Some(leaf) = leaves.last_mut() {
                leaf.entries.end = position + 1;
            }
        }
        leaves
    }

    fn encode_leaf(
        &self,
        entries: Range<usize>,
        has_dots: bool,
        numbering: &Numbering,
    ) -> [u8; BLOCK] {
        let mut block = [0; BLOCK];
        let (mut at, mut last) = (0, 0);
        if has_dots {
            last = self.put_dots(&mut block, numbering);
            at = DOTS_SIZE;
        }
        for entry in &self.entries[entries] {
            let number = (numbering.number)(entry.inode);
            put_entry(&mut block[at..], number, entry.name, entry.kind);
            last = at;
            at += entry_size(entry.name.len());
        }
        // The last entry reaches to the end; without any, an empty one does.
        put16(&mut block, last + 4, (LEAF_SIZE - last) as u16);
        put16(&mut block, LEAF_SIZE + 4, TAIL_SIZE as u16);
        block[LEAF_SIZE + 7] = TAIL_KIND;
        let checksum = numbering.seed.with(&block[..LEAF_SIZE]).value();
        put32(&mut block, LEAF_SIZE + 8, checksum);
        block
    }

    /// Puts the two entries that every directory begins with; says where the second is.
    fn put_dots(&self, block: &mut [u8; BLOCK], numbering: &Numbering) -> usize {
        let directory = entry_kind(kind::DIRECTORY);
        let second = entry_size(1);
        put_entry(block, (numbering.number)(self.inode), b".", directory);
        put_entry(&mut block[second..], (numbering.number)(self.parent), b"..", directory);
        second
    }

    fn encode_root(&self, nodes: usize, leaves: &[Leaf], numbering: &Numbering) -> [u8; BLOCK] {
        let mut block = [0; BLOCK];
        let second = self.put_dots(&mut block, numbering);
        // Those who know no index see an entry that reaches to the end.
        put16(&mut block, second + 4, (BLOCK - second) as u16);
        block[ROOT_INFO_AT + 4] = HASH_HALF_MD4;
        block[ROOT_INFO_AT + 5] = ROOT_INFO_SIZE;
        let index = &mut block;
        if nodes == 0 {
            put_index(index, ROOT_INDEX_AT, leaves.iter().map(|leaf| leaf.from), 1);
        } else {
            index[ROOT_INFO_AT + 6] = 1;
            let firsts = leaves.iter().step_by(NODE_ENTRIES).map(|leaf| leaf.from);
            put_index(index, ROOT_INDEX_AT, firsts, 1);
        }
        seal_index(&mut block, ROOT_INDEX_AT, numbering.seed);
        block
    }
}

fn encode_node(
    children: impl ExactSizeIterator<Item = u32>,
    first_block: usize,
    numbering: &Numbering,
) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    put16(&mut block, 4, BLOCK as u16);
    put_index(&mut block, NODE_INDEX_AT, children, first_block);
    seal_index(&mut block, NODE_INDEX_AT, numbering.seed);
    block
}

fn put_entry(bytes: &mut [u8], number: u32, name: &[u8], kind: u8) {
    put32(bytes, 0, number);
    put16(bytes, 4, entry_size(name.len()) as u16);
    bytes[6] = name.len() as u8;
    bytes[7] = kind;
    bytes[HEADER_SIZE..HEADER_SIZE + name.len()].copy_from_slice(name);
}

/// Puts entries of the index that name blocks one after the other.
fn put_index(
    block: &mut [u8; BLOCK],
    at: usize,
    hashes: impl ExactSizeIterator<Item = u32>,
    first_block: usize,
) {
    let entries_max = (BLOCK - at - INDEX_TAIL_SIZE) / INDEX_ENTRY_SIZE;
    let count = hashes.len();
    for (position, hash) in hashes.enumerate() {
        let entry = at + position * INDEX_ENTRY_SIZE;
        put32(block, entry, hash);
        put32(block, entry + 4, (first_block + position) as u32);
    }
    // The first has no need of a hash: the counts are there instead.
    put16(block, at, entries_max as u16);
    put16(block, at + 2, count as u16);
}

fn seal_index(block: &mut [u8; BLOCK], at: usize, seed: Checksum) {
    let checksum = index_checksum(block, at, seed);
    if let Some(checksum) = checksum {
        put32(block, BLOCK - 4, checksum);
    }
}

/// The checksum of a block of the index whose entries begin at `at`; none if they make no sense.
pub(crate) fn index_checksum(block: &[u8], at: usize, seed: Checksum) -> Option<u32> {
    let entries_max = usize::from(crate::bytes::get16(block, at));
    let count = usize::from(crate::bytes::get16(block, at + 2));
    let tail = at + entries_max * INDEX_ENTRY_SIZE;
    if count > entries_max || tail + INDEX_TAIL_SIZE > block.len() {
        return None;
    }
    let sum = seed.with(&block[..at + count * INDEX_ENTRY_SIZE]);
    Some(sum.with(&block[tail..tail + 4]).with(&[0; 4]).value())
}

/// The links of a directory: over the highest number that is counted, one stands for many.
pub(crate) fn shown_links(links: u32) -> u16 {
    if links > inode::LINKS_MAX { 1 } else { links as u16 }
}
