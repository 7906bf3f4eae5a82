//! The entries of directories, inside an inode and in blocks.

use super::index::{self, Hashed};
use crate::bytes::{put, put16, put32, put64};
use crate::format::directory::{
    BLOCK_TAIL, DATA_HEADER, DATA_MAGIC, INDEX_ENTRY, LOCAL_HEADER, SINGLE_MAGIC, entry_kind,
    entry_size, finish_data, hash, local_entry_size, put_free_room,
};
use crate::format::{BLOCK, Stamp};
use crate::plan::Plan;
use crate::plan::directory::{Directory, FIRST_ENTRY, Index, Shape};
use crate::plan::placement::Placed;

/// The place of each block of a directory, counted through all its parts.
pub(super) fn places(placed: &Placed) -> Vec<u64> {
    let runs = placed.extents.iter();
    runs.flat_map(|extent| extent.place..extent.place + extent.blocks).collect()
}

/// Puts entries that fit inside the inode.
pub(super) fn put_local(plan: &Plan<'_>, directory: &Directory<'_>, area: &mut [u8]) {
    let number = |inode| plan.placement.number(inode) as u32;
    area[0] = directory.entries.len() as u8;
    put32(area, 2, number(directory.parent));
    let mut at = LOCAL_HEADER;
    // Entries keep the place that they would have in a block.
    let mut offset = FIRST_ENTRY;
    for entry in &directory.entries {
        let length = entry.name.len();
        area[at] = length as u8;
        put16(area, at + 1, offset as u16);
        put(area, at + 3, entry.name);
        area[at + 3 + length] = entry.kind;
        put32(area, at + 4 + length, number(entry.inode));
        at += local_entry_size(length);
        offset += entry_size(length);
    }
}

/// All blocks of a directory, one after the other.
pub(super) fn blocks(plan: &Plan<'_>, directory: &Directory<'_>, inode: usize) -> Vec<u8> {
    let shape = directory.shape();
    let places = places(&plan.placement.placed[inode]);
    let uuid = &plan.options.uuid;
    let owner = plan.placement.number(inode);
    let stamps: Vec<_> = places.into_iter().map(|place| Stamp { uuid, owner, place }).collect();
    let mut hashes = Vec::with_capacity(directory.entries.len() + 2);
    let mut bytes = Vec::with_capacity(stamps.len() * BLOCK);
    let mut free_rooms = Vec::with_capacity(shape.firsts.len());
    let limit = match shape.index {
        Index::Inside => BLOCK - BLOCK_TAIL - INDEX_ENTRY * (directory.entries.len() + 2),
        Index::Leaf | Index::Tree(_) => BLOCK,
    };
    for number in 0..shape.firsts.len() {
        let mut block = [0; BLOCK];
        let end = put_entries(plan, (directory, inode), (&shape, number), &mut block, &mut hashes);
        put_free_room(&mut block, end, limit);
        free_rooms.push((limit - end) as u16);
        bytes.extend(block);
    }
    hashes.sort_unstable();
    if matches!(shape.index, Index::Inside) {
        index::put_inside(&hashes, &mut bytes);
    }
    let magic = if limit == BLOCK { DATA_MAGIC } else { SINGLE_MAGIC };
    for (block, stamp) in bytes.chunks_exact_mut(BLOCK).zip(&stamps) {
        finish_data(block, magic, *stamp);
    }
    let behind = &stamps[shape.firsts.len()..];
    match &shape.index {
        Index::Inside => {}
        Index::Leaf => bytes.extend(index::only_leaf(&hashes, &free_rooms, behind[0])),
        Index::Tree(levels) => {
            let (tree, free) = behind.split_at(levels.iter().sum::<u64>() as usize);
            bytes.extend(index::tree(&hashes, levels, tree));
            bytes.extend(index::free_rooms(&free_rooms, free));
        }
    }
    bytes
}

/// Puts the entries of a block and returns where they end.
fn put_entries(
    plan: &Plan<'_>,
    (directory, inode): (&Directory<'_>, usize),
    (shape, number): (&Shape, usize),
    block: &mut [u8; BLOCK],
    hashes: &mut Vec<Hashed>,
) -> usize {
    let mut at = DATA_HEADER;
    let mut put_entry = |name: &[u8], inode: usize, kind: u8| {
        let size = entry_size(name.len());
        put64(block, at, plan.placement.number(inode));
        block[at + 8] = name.len() as u8;
        put(block, at + 9, name);
        block[at + 9 + name.len()] = kind;
        put16(block, at + size - 2, at as u16);
        // Entries are found by their place in eights of bytes.
        hashes.push((hash(name), ((number * BLOCK + at) / 8) as u32));
        at += size;
    };
    if number == 0 {
        let kind = entry_kind(plan.contents.inodes[inode].mode);
        put_entry(b".", inode, kind);
        put_entry(b"..", directory.parent, kind);
    }
    for entry in &directory.entries[shape.entries(number, directory.entries.len())] {
        put_entry(entry.name, entry.inode, entry.kind);
    }
    at
}
