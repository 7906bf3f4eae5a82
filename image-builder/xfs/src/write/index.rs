//! The hashes of the names of a directory, by which they are found.

use crate::bytes::{put16, put32};
use crate::format::directory::{
    BLOCK_TAIL, FREE_MAGIC, INDEX_BLOCK, INDEX_ENTRY, INDEX_HEADER, LEAF_MAGIC, NODE_MAGIC,
    Neighbours, ONLY_LEAF_MAGIC, finish_data, finish_index,
};
use crate::format::{BLOCK, Stamp};
use crate::plan::directory::FREE_ENTRIES;
use crate::plan::levels::share;

/// The hash of a name, and where its entry is.
pub(super) type Hashed = (u32, u32);

/// Puts the hashes at the end of the only block.
pub(super) fn put_inside(hashes: &[Hashed], block: &mut [u8]) {
    let start = BLOCK - BLOCK_TAIL - INDEX_ENTRY * hashes.len();
    put_pairs(hashes, &mut block[start..]);
    put32(block, BLOCK - BLOCK_TAIL, hashes.len() as u32);
}

/// The only block of an index; it ends with the free room of each block of data.
pub(super) fn only_leaf(hashes: &[Hashed], free_rooms: &[u16], stamp: Stamp<'_>) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    put16(&mut block, 56, hashes.len() as u16);
    put_pairs(hashes, &mut block[INDEX_HEADER..]);
    let rooms_at = BLOCK - 4 - 2 * free_rooms.len();
    for (number, room) in free_rooms.iter().enumerate() {
        put16(&mut block, rooms_at + 2 * number, *room);
    }
    put32(&mut block, BLOCK - 4, free_rooms.len() as u32);
    finish_index(&mut block, ONLY_LEAF_MAGIC, Neighbours::default(), stamp);
    block
}

/// The blocks of a tree of hashes: the root is the first, its leaves are the last.
pub(super) fn tree(hashes: &[Hashed], levels: &[u64], stamps: &[Stamp<'_>]) -> Vec<u8> {
    let mut parts = Vec::with_capacity(levels.len());
    let mut below = hashes.to_vec();
    let mut end = stamps.len();
    for (level, count) in levels.iter().enumerate() {
        let start = end - *count as usize;
        let (bytes, above) = one_level(&below, level, start, &stamps[start..end]);
        parts.push(bytes);
        below = above;
        end = start;
    }
    parts.into_iter().rev().flatten().collect()
}

/// The blocks of a level, and for each its last hash and its own number.
fn one_level(
    below: &[Hashed],
    level: usize,
    start: usize,
    stamps: &[Stamp<'_>],
) -> (Vec<u8>, Vec<Hashed>) {
    let number = |index: usize| (INDEX_BLOCK as usize + start + index) as u32;
    let (mut bytes, mut above) = (Vec::new(), Vec::new());
    for (index, stamp) in stamps.iter().enumerate() {
        let part = &below[share(below.len(), stamps.len(), index)];
        let mut block = [0; BLOCK];
        put16(&mut block, 56, part.len() as u16);
        if level > 0 {
            put16(&mut block, 58, level as u16);
        }
        put_pairs(part, &mut block[INDEX_HEADER..]);
        let before = index.checked_sub(1).map_or(0, number);
        let behind = if index + 1 < stamps.len() { number(index + 1) } else { 0 };
        let magic = if level == 0 { LEAF_MAGIC } else { NODE_MAGIC };
        finish_index(&mut block, magic, Neighbours { before, behind }, *stamp);
        bytes.extend(block);
        above.push((part.last().map_or(0, |(hash, _)| *hash), number(index)));
    }
    (bytes, above)
}

/// The list of the free room of all blocks of data.
pub(super) fn free_rooms(rooms: &[u16], stamps: &[Stamp<'_>]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (number, (part, stamp)) in rooms.chunks(FREE_ENTRIES).zip(stamps).enumerate() {
        let mut block = [0; BLOCK];
        put32(&mut block, 48, (number * FREE_ENTRIES) as u32);
        put32(&mut block, 52, part.len() as u32);
        put32(&mut block, 56, part.len() as u32);
        for (room, at) in part.iter().zip((64..).step_by(2)) {
            put16(&mut block, at, *room);
        }
        finish_data(&mut block, FREE_MAGIC, *stamp);
        bytes.extend(block);
    }
    bytes
}

fn put_pairs(pairs: &[Hashed], room: &mut [u8]) {
    for ((hash, leads_to), bytes) in pairs.iter().zip(room.chunks_exact_mut(INDEX_ENTRY)) {
        put32(bytes, 0, *hash);
        put32(bytes, 4, *leads_to);
    }
}
