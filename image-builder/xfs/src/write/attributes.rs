//! Extended attributes, inside an inode and in blocks.

use crate::bytes::{put, put16, put32, put64, seal};
use crate::format::attribute::{
    IS_LOCAL, LEAF_ENTRY, LEAF_HEADER, LEAF_MAGIC, VALUE_CHECKSUM, VALUE_HEADER, VALUE_MAGIC,
};
use crate::format::directory::{Neighbours, finish_index};
use crate::format::geometry::sector;
use crate::format::{BLOCK, Stamp};
use crate::plan::attributes::{Attribute, Attributes};

/// Puts attributes that fit inside the inode.
pub(super) fn put_local(attributes: &Attributes<'_>, area: &mut [u8]) {
    put16(area, 0, attributes.local_size().unwrap_or_default() as u16);
    area[2] = attributes.0.len() as u8;
    let mut at = 4;
    for Attribute { name, value, namespace, .. } in &attributes.0 {
        put(area, at, &[name.len() as u8, value.len() as u8, *namespace]);
        put(area, at + 3, name);
        put(area, at + 3 + name.len(), value);
        at += 3 + name.len() + value.len();
    }
}

/// The leaf, and behind it the values that are far.
pub(super) fn blocks(attributes: &Attributes<'_>, stamp: Stamp<'_>) -> Vec<u8> {
    let mut bytes = leaf(attributes, stamp).to_vec();
    for attribute in attributes.0.iter().filter(|attribute| attribute.is_far) {
        for (number, part) in attribute.value.chunks(BLOCK - VALUE_HEADER).enumerate() {
            let place = stamp.place + (bytes.len() / BLOCK) as u64;
            let offset = number * (BLOCK - VALUE_HEADER);
            bytes.extend(value_block(part, offset, Stamp { place, ..stamp }));
        }
    }
    bytes
}

fn leaf(attributes: &Attributes<'_>, stamp: Stamp<'_>) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    let count = attributes.0.len();
    // Names fill the block from its end on.
    let (mut end, mut value_at) = (BLOCK, 1);
    for (number, attribute) in attributes.0.iter().enumerate() {
        end -= attribute.leaf_size();
        let entry = LEAF_HEADER + number * LEAF_ENTRY;
        put32(&mut block, entry, attribute.hash);
        put16(&mut block, entry + 4, end as u16);
        let is_local = if attribute.is_far { 0 } else { IS_LOCAL };
        block[entry + 6] = attribute.namespace | is_local;
        put_name(attribute, value_at, &mut block[end..]);
        value_at += attribute.far_blocks();
    }
    put16(&mut block, 56, count as u16);
    put16(&mut block, 58, (BLOCK - end) as u16);
    put16(&mut block, 60, end as u16);
    let free = LEAF_HEADER + count * LEAF_ENTRY;
    put16(&mut block, 64, free as u16);
    put16(&mut block, 66, (end - free) as u16);
    finish_index(&mut block, LEAF_MAGIC, Neighbours::default(), stamp);
    block
}

/// Puts a name, and its value or where that begins.
fn put_name(attribute: &Attribute<'_>, value_at: u64, room: &mut [u8]) {
    let Attribute { name, value, .. } = attribute;
    if attribute.is_far {
        put32(room, 0, value_at as u32);
        put32(room, 4, value.len() as u32);
        room[8] = name.len() as u8;
        put(room, 9, name);
    } else {
        put16(room, 0, value.len() as u16);
        room[2] = name.len() as u8;
        put(room, 3, name);
        put(room, 3 + name.len(), value);
    }
}

fn value_block(part: &[u8], offset: usize, stamp: Stamp<'_>) -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    put(&mut block, 0, &VALUE_MAGIC);
    put32(&mut block, 4, offset as u32);
    put32(&mut block, 8, part.len() as u32);
    put(&mut block, 16, stamp.uuid);
    put64(&mut block, 32, stamp.owner);
    put64(&mut block, 40, sector(stamp.place));
    // Values are not logged.
    put64(&mut block, 48, u64::MAX);
    put(&mut block, VALUE_HEADER, part);
    seal(&mut block, VALUE_CHECKSUM);
    block
}
