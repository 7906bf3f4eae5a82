//! The runs of blocks of an inode: inside it, or in a tree of blocks.

use crate::bytes::{put, put16, put64};
use crate::format::btree::{FILE_HEADER, FILE_MAGIC, Header, finish_file};
use crate::format::extent::{EXTENT_SIZE, Extent};
use crate::format::{BLOCK, Stamp};
use crate::plan::Plan;
use crate::plan::forks::Forks;
use crate::plan::levels::share;
use crate::plan::placement::{TREE_RECORDS, root_records, tree_levels};

/// What a block leads to: the first block of the file that it knows of, and where it is.
type Child = (u64, u64);

/// Puts a single run.
pub(super) fn put_only(plan: &Plan<'_>, place: u64, blocks: u64, area: &mut [u8]) {
    Extent { logical: 0, place, blocks }.put(plan.placement.geometry, area);
}

/// Puts the runs themselves, or the root of the tree of them.
pub(super) fn put_root(plan: &Plan<'_>, extents: &[Extent], tree: &[u64], area: &mut [u8]) {
    let geometry = plan.placement.geometry;
    if tree.is_empty() {
        for (extent, bytes) in extents.iter().zip(area.chunks_exact_mut(EXTENT_SIZE)) {
            extent.put(geometry, bytes);
        }
        return;
    }
    let levels = tree_levels(extents.len(), area.len());
    let top = levels.last().copied().unwrap_or_default() as usize;
    let places = &tree[tree.len() - top..];
    let firsts = firsts(extents, &levels);
    put16(area, 0, levels.len() as u16);
    put16(area, 2, top as u16);
    let pointers = 4 + 8 * root_records(area.len());
    for (number, (place, first)) in places.iter().zip(firsts).enumerate() {
        put64(area, 4 + 8 * number, first);
        put64(area, pointers + 8 * number, geometry.packed(*place));
    }
}

/// The blocks of the tree of an inode's runs, the lowest level first, with their places.
pub(super) fn blocks(plan: &Plan<'_>, index: usize) -> Vec<(u64, [u8; BLOCK])> {
    let (placement, placed) = (&plan.placement, &plan.placement.placed[index]);
    if placed.tree.is_empty() {
        return Vec::new();
    }
    let room = Forks::of(&plan.contents.inodes[index]).data_room;
    let levels = tree_levels(placed.extents.len(), room);
    let packed = |place: u64| placement.geometry.packed(place);
    let mut blocks = Vec::with_capacity(placed.tree.len());
    let mut children: Vec<Child> = Vec::new();
    let mut rest = &*placed.tree;
    for (level, count) in levels.iter().enumerate() {
        let (places, above) = rest.split_at(*count as usize);
        rest = above;
        let mut parents = Vec::with_capacity(places.len());
        for (number, place) in places.iter().enumerate() {
            let mut block = [0; BLOCK];
            let total = if level == 0 { placed.extents.len() } else { children.len() };
            let part = share(total, places.len(), number);
            let first = if level == 0 {
                put_extents(plan, &placed.extents[part.clone()], &mut block)
            } else {
                put_children(plan, &children[part.clone()], &mut block)
            };
            parents.push((first, *place));
            let left = number.checked_sub(1).map(|left| packed(places[left]));
            let right = places.get(number + 1).map(|right| packed(*right));
            let records = part.len() as u16;
            let header = Header { magic: FILE_MAGIC, level: level as u16, records, left, right };
            let owner = placement.number(index);
            finish_file(
                &mut block,
                header,
                Stamp { uuid: &plan.options.uuid, owner, place: *place },
            );
            blocks.push((*place, block));
        }
        children = parents;
    }
    blocks
}

fn put_extents(plan: &Plan<'_>, extents: &[Extent], block: &mut [u8; BLOCK]) -> u64 {
    for (extent, bytes) in extents.iter().zip(block[FILE_HEADER..].chunks_exact_mut(EXTENT_SIZE)) {
        extent.put(plan.placement.geometry, bytes);
    }
    extents.first().map_or(0, |extent| extent.logical)
}

fn put_children(plan: &Plan<'_>, children: &[Child], block: &mut [u8; BLOCK]) -> u64 {
    for (number, (first, place)) in children.iter().enumerate() {
        let key = FILE_HEADER + 8 * number;
        put(block, key, &first.to_be_bytes());
        put64(block, key + 8 * TREE_RECORDS, plan.placement.geometry.packed(*place));
    }
    children.first().map_or(0, |(first, _)| *first)
}

/// The first block of the file that each block of the highest level knows of.
fn firsts(extents: &[Extent], levels: &[u64]) -> Vec<u64> {
    let lowest = levels.first().copied().unwrap_or_default() as usize;
    let leaf = |number| extents[share(extents.len(), lowest, number).start].logical;
    let leaves: Vec<_> = (0..lowest).map(leaf).collect();
    levels.iter().skip(1).fold(leaves, |below, count| {
        let count = *count as usize;
        (0..count).map(|number| below[share(below.len(), count, number).start]).collect()
    })
}
