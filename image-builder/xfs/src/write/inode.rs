//! Makes the bytes of inodes.

use std::ops::Range;

use tree::Timestamp;

use super::{attributes, directory, runs};
use crate::bytes::{put, put32};
use crate::format::CHUNK_INODES;
use crate::format::inode::{self, AREA, Core, FLAG_NEW_BITMAP, Form, INODE};
use crate::plan::Plan;
use crate::plan::contents::{BITMAP, Inode, What};
use crate::plan::forks::Forks;
use crate::plan::placement::Placed;

/// The inodes of a chunk that are in use.
pub(super) fn of_chunk(plan: &Plan<'_>, chunk: usize) -> Range<usize> {
    let first = chunk * CHUNK_INODES;
    first..(first + CHUNK_INODES).min(plan.contents.inodes.len())
}

/// The blocks of a chunk, those of its inodes that nobody uses too.
pub(super) fn chunk(plan: &Plan<'_>, chunk: usize) -> Vec<u8> {
    let used = of_chunk(plan, chunk);
    let all = chunk * CHUNK_INODES..(chunk + 1) * CHUNK_INODES;
    let bytes = |index: usize| match used.contains(&index) {
        true => one(plan, index),
        false => inode::unused(&plan.options.uuid, plan.placement.number(index)),
    };
    all.flat_map(bytes).collect()
}

fn one(plan: &Plan<'_>, index: usize) -> [u8; INODE] {
    let (inode, placed) = (&plan.contents.inodes[index], &plan.placement.placed[index]);
    let forks = Forks::of(inode);
    let (form, extents) = match forks.data_form {
        Some(form) => (form, 0),
        None if placed.tree.is_empty() => (Form::Extents, placed.extents.len()),
        None => (Form::Tree, placed.extents.len()),
    };
    let is_bitmap = index == BITMAP;
    // The bitmap keeps something else in this time.
    let accessed = if is_bitmap { Timestamp::from_seconds(0) } else { inode.time };
    let core = Core {
        uuid: &plan.options.uuid,
        number: plan.placement.number(index),
        mode: inode.mode,
        uid: inode.uid,
        gid: inode.gid,
        links: inode.links,
        accessed,
        modified: inode.time,
        made: Timestamp::from_seconds(plan.options.time),
        size: size(inode, forks),
        blocks: placed.blocks(inode),
        extents: extents as u32,
        form,
        attribute_extents: u16::from(placed.attributes.is_some()),
        attribute_form: forks.attributes.unwrap_or(Form::Extents),
        attributes_at: forks.attributes_at(),
        flags: if is_bitmap { FLAG_NEW_BITMAP } else { 0 },
    };
    core.to_bytes(&area(plan, index, forks, placed))
}

fn size(inode: &Inode<'_>, forks: Forks) -> u64 {
    match &inode.what {
        What::Directory(directory) if forks.data_form.is_some() => directory.local_size() as u64,
        What::Directory(directory) => directory.shape().logical()[0].end * 4096,
        What::File(content, _) => content.length(),
        What::Symlink(target) => target.len() as u64,
        What::Device(_) | What::Bitmap => 0,
    }
}

fn area(plan: &Plan<'_>, index: usize, forks: Forks, placed: &Placed) -> [u8; AREA] {
    let inode = &plan.contents.inodes[index];
    let mut area = [0; AREA];
    let (data, behind) = area.split_at_mut(forks.data_room);
    match (&inode.what, forks.data_form) {
        (What::Device(number), _) => put32(data, 0, *number),
        (What::Symlink(target), Some(_)) => put(data, 0, target),
        (What::Directory(entries), Some(_)) => directory::put_local(plan, entries, data),
        _ => runs::put_root(plan, &placed.extents, &placed.tree, data),
    }
    match forks.attributes {
        Some(Form::Local) => attributes::put_local(&inode.attributes, behind),
        Some(_) => {
            let blocks = inode.attributes.blocks();
            runs::put_only(plan, placed.attributes.unwrap_or_default(), blocks, behind);
        }
        None => {}
    }
    area
}
