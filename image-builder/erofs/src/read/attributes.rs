//! Reads the extended attributes of an inode.

use std::collections::BTreeMap;

use super::metadata::Metadata;
use super::sum;
use crate::error::Fault;
use crate::format::{
    ATTRIBUTE_HEADER_BYTES, ATTRIBUTE_PREFIXES, ATTRIBUTES_HEADER_BYTES, u16_at, u32_at,
};

type Set = BTreeMap<Box<[u8]>, Box<[u8]>>;

const CUT: Fault = Fault::Damaged("an extended attribute is cut off");

/// Reads the attributes that stand at a place.
pub(super) fn read(metadata: &mut Metadata, position: u64, count: u64) -> Result<Set, Fault> {
    let mut set = Set::new();
    if count == 0 {
        return Ok(set);
    }
    let body = metadata.read(position, count)?;
    metadata.charge_attributes(count)?;
    let shared = usize::from(body[4]);
    let mut own = body.get(ATTRIBUTES_HEADER_BYTES + shared * 4..).ok_or(CUT)?;
    for number in 0..shared {
        let number = u32_at(&body, ATTRIBUTES_HEADER_BYTES + number * 4);
        let entry = shared_entry(metadata, number)?;
        add(&mut set, &entry)?;
    }
    while own.len() >= ATTRIBUTE_HEADER_BYTES {
        let entry = own.get(..entry_bytes(own)).ok_or(CUT)?;
        add(&mut set, entry)?;
        own = own.get(entry.len().next_multiple_of(ATTRIBUTE_HEADER_BYTES)..).ok_or(CUT)?;
    }
    Ok(set)
}

fn shared_entry(metadata: &mut Metadata, number: u32) -> Result<Vec<u8>, Fault> {
    let superblock = &metadata.superblock;
    let area = u64::from(superblock.attributes_block) << superblock.block_bits;
    let position = sum(area, u64::from(number) * 4)?;
    let header = metadata.read(position, ATTRIBUTE_HEADER_BYTES as u64)?;
    let count = entry_bytes(&header) as u64;
    metadata.charge_attributes(count)?;
    metadata.read(position, count)
}

fn entry_bytes(entry: &[u8]) -> usize {
    ATTRIBUTE_HEADER_BYTES + usize::from(entry[0]) + usize::from(u16_at(entry, 2))
}

fn add(set: &mut Set, entry: &[u8]) -> Result<(), Fault> {
    let (rest, value) = entry[ATTRIBUTE_HEADER_BYTES..].split_at(usize::from(entry[0]));
    let prefix = ATTRIBUTE_PREFIXES.iter().find(|(number, _)| *number == entry[1]);
    let (_, prefix) = prefix.ok_or(Fault::Unsupported("a prefix of attribute names"))?;
    if rest.is_empty() == prefix.ends_with(b".") || rest.contains(&0) {
        return Err(Fault::Damaged("an extended attribute has an impossible name"));
    }
    let name = [prefix, rest].concat();
    match set.insert(name.into(), value.into()) {
        Some(_) => Err(Fault::Damaged("an extended attribute is there twice")),
        None => Ok(()),
    }
}
