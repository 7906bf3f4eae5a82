//! What every group of blocks begins with, its trees, and the log.

use volume::Volume;

use crate::bytes::{put32, put64};
use crate::error::Error;
use crate::format::btree::{
    BY_PLACE_MAGIC, BY_SIZE_MAGIC, GROUP_HEADER, Header, INODES_MAGIC, finish_group,
};
use crate::format::geometry::{ROOT_BY_PLACE, ROOT_BY_SIZE, ROOT_OF_INODES, SET_ASIDE};
use crate::format::group::Group;
use crate::format::superblock::Superblock;
use crate::format::{BLOCK, BLOCK_BYTES, CHUNK_INODES, SECTOR, Stamp, log};
use crate::plan::Plan;
use crate::plan::levels::share;
use crate::plan::space::{GroupSpace, NODE_BLOCKS, index_levels};

/// Inodes of the last chunk that nobody uses.
fn unused_inodes(plan: &Plan<'_>) -> usize {
    plan.placement.chunks.len() * CHUNK_INODES - plan.contents.inodes.len()
}

pub(super) fn write(plan: &Plan<'_>, volume: &dyn Volume) -> Result<(), Error> {
    let placement = &plan.placement;
    let geometry = placement.geometry;
    let uuid = &plan.options.uuid;
    let set_aside = (SET_ASIDE.end - SET_ASIDE.start) * geometry.groups;
    let superblock = Superblock {
        uuid,
        label: &plan.options.label,
        geometry,
        root: placement.number(0),
        inodes: (placement.chunks.len() * CHUNK_INODES) as u64,
        free_inodes: unused_inodes(plan) as u64,
        free_blocks: placement.space.free_blocks() + set_aside,
    };
    let write_block = |place: u64, bytes: &[u8]| {
        volume.write_at(bytes, place * BLOCK_BYTES).map_err(Error::Write)
    };
    let mut log = log::unmounted(uuid).to_vec();
    log.resize(BLOCK, 0);
    write_block(geometry.log(), &log)?;
    // The first superblock comes last: without it there is no filesystem.
    for number in (0..geometry.groups).rev() {
        let start = geometry.group(number).start;
        let group = &placement.space.groups[number as usize];
        for (place, block) in inode_tree(plan, number, group) {
            write_block(place, &block)?;
        }
        for (place, magic) in [(ROOT_BY_PLACE, BY_PLACE_MAGIC), (ROOT_BY_SIZE, BY_SIZE_MAGIC)] {
            let stamp = Stamp { uuid, owner: number, place: start + place };
            write_block(start + place, &free_tree(group, start, magic, stamp))?;
        }
        let headers = headers(plan, number, group);
        write_block(start, &[&superblock.to_bytes()[..], &headers].concat())?;
    }
    Ok(())
}

fn headers(plan: &Plan<'_>, number: u64, group: &GroupSpace) -> [u8; BLOCK - SECTOR] {
    let blocks = plan.placement.geometry.group(number);
    let free = (group.free.end - group.free.start) as u32;
    let has_last =
        group.chunks.last().is_some_and(|last| plan.placement.chunks.last() == Some(last));
    let newest = group.chunks.last().map(|chunk| first_inode(*chunk - blocks.start));
    Group {
        uuid: &plan.options.uuid,
        number: number as u32,
        blocks: (blocks.end - blocks.start) as u32,
        free_blocks: free,
        longest_free: free,
        inodes: (group.chunks.len() * CHUNK_INODES) as u32,
        free_inodes: if has_last { unused_inodes(plan) as u32 } else { 0 },
        inode_levels: index_levels(group.chunks.len()).len() as u32,
        newest,
    }
    .to_bytes()
}

/// The number inside its group of the first inode of a block.
fn first_inode(block: u64) -> u32 {
    (block * crate::format::INODES_PER_BLOCK) as u32
}

/// The root of a tree of free space, of which each group has a single run.
fn free_tree(group: &GroupSpace, start: u64, magic: u32, stamp: Stamp<'_>) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    put32(&mut block, GROUP_HEADER, (group.free.start - start) as u32);
    put32(&mut block, GROUP_HEADER + 4, (group.free.end - group.free.start) as u32);
    finish_group(
        &mut block,
        Header { magic, level: 0, records: 1, left: None, right: None },
        stamp,
    );
    block
}

/// The blocks of the tree of a group's inodes, with their places.
fn inode_tree(plan: &Plan<'_>, owner: u64, group: &GroupSpace) -> Vec<(u64, [u8; BLOCK])> {
    let start = plan.placement.geometry.group(owner).start;
    let levels = index_levels(group.chunks.len());
    let mut free_places = group.index.clone();
    let mut blocks = Vec::new();
    let mut children: Vec<(u32, u32)> = Vec::new();
    for (level, count) in levels.iter().enumerate() {
        let is_root = level + 1 == levels.len();
        let places: Vec<u64> = match is_root {
            true => vec![start + ROOT_OF_INODES],
            false => free_places.by_ref().take(*count as usize).collect(),
        };
        let mut parents = Vec::with_capacity(places.len());
        for (number, place) in places.iter().enumerate() {
            let mut block = [0; BLOCK];
            let total = if level == 0 { group.chunks.len() } else { children.len() };
            let part = share(total, places.len(), number);
            let first = match level {
                0 => put_chunks(plan, start, &group.chunks[part.clone()], &mut block),
                _ => put_children(&children[part.clone()], &mut block),
            };
            parents.push((first, (place - start) as u32));
            let header = Header {
                magic: INODES_MAGIC,
                level: level as u16,
                records: part.len() as u16,
                left: number.checked_sub(1).map(|left| places[left] - start),
                right: places.get(number + 1).map(|right| right - start),
            };
            let stamp = Stamp { uuid: &plan.options.uuid, owner, place: *place };
            finish_group(&mut block, header, stamp);
            blocks.push((*place, block));
        }
        children = parents;
    }
    blocks
}

fn put_chunks(plan: &Plan<'_>, start: u64, chunks: &[u64], block: &mut [u8; BLOCK]) -> u32 {
    for (chunk, at) in chunks.iter().zip((GROUP_HEADER..).step_by(16)) {
        let is_last = plan.placement.chunks.last() == Some(chunk);
        let unused = if is_last { unused_inodes(plan) } else { 0 };
        put32(block, at, first_inode(chunk - start));
        put32(block, at + 4, unused as u32);
        // The free ones are the last: their bits are the highest.
        let mask = if unused == 0 { 0 } else { u64::MAX << (CHUNK_INODES - unused) };
        put64(block, at + 8, mask);
    }
    chunks.first().map_or(0, |chunk| first_inode(chunk - start))
}

fn put_children(children: &[(u32, u32)], block: &mut [u8; BLOCK]) -> u32 {
    for (number, (first, place)) in children.iter().enumerate() {
        let key = GROUP_HEADER + 4 * number;
        put32(block, key, *first);
        put32(block, key + 4 * NODE_BLOCKS, *place);
    }
    children.first().map_or(0, |(first, _)| *first)
}
