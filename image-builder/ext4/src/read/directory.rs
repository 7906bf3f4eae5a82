//! The entries of a directory, block by block; an index over them is passed over.

use volume::read::{Problem, ensure};

use super::inode::Inode;
use crate::bytes::{get16, get32};
use crate::checksum::Checksum;
use crate::format::directory::{
    ALIGNMENT, HEADER_SIZE, NODE_INDEX_AT, ROOT_INDEX_AT, TAIL_KIND, TAIL_SIZE,
};
use crate::format::inode::flag;
use crate::plan::directory::index_checksum;

/// A name, and the number of its inode.
pub(super) type Entry = (Vec<u8>, u32);

/// Adds the entries of one block, its own and its parent's among them.
pub(super) fn read_block(
    bytes: &[u8],
    number: u64,
    inode: &Inode,
    entries: &mut Vec<Entry>,
) -> Result<(), Problem> {
    if let Some(seed) = inode.seed {
        check(bytes, number, inode.has(flag::INDEXED), seed)?;
    }
    let mut at = 0;
    while at < bytes.len() {
        let header = bytes.get(at..at + HEADER_SIZE);
        let header = header.ok_or(Problem::Damaged("an entry of it is cut off"))?;
        let length = entry_length(get16(header, 4), bytes.len());
        let name_end = HEADER_SIZE + usize::from(header[6]);
        ensure(
            length >= name_end.max(HEADER_SIZE)
                && length.is_multiple_of(ALIGNMENT)
                && length <= bytes.len() - at,
            "an entry of it has an impossible length",
        )?;
        let inode = get32(header, 0);
        if inode != 0 {
            let name = &bytes[at + HEADER_SIZE..at + name_end];
            let is_name = !name.is_empty() && !name.contains(&0) && !name.contains(&b'/');
            ensure(is_name, "an entry of it has an impossible name")?;
            entries.push((name.to_vec(), inode));
        }
        at += length;
    }
    Ok(())
}

/// The largest blocks are longer than the number can say.
fn entry_length(stored: u16, block_size: usize) -> usize {
    match stored {
        0 | u16::MAX if block_size > usize::from(u16::MAX) => block_size,
        length => usize::from(length),
    }
}

fn check(bytes: &[u8], number: u64, is_indexed: bool, seed: Checksum) -> Result<(), Problem> {
    let is_whole =
        get32(bytes, 0) == 0 && entry_length(get16(bytes, 4), bytes.len()) == bytes.len();
    let is_sound = if is_indexed && (number == 0 || is_whole) {
        let at = if number == 0 { ROOT_INDEX_AT } else { NODE_INDEX_AT };
        let entries_max = usize::from(get16(bytes, at));
        let stored = bytes.get(at + entries_max * 8 + 4..at + entries_max * 8 + 8);
        index_checksum(bytes, at, seed)
            .zip(stored)
            .is_some_and(|(sum, stored)| get32(stored, 0) == sum)
    } else {
        let tail = bytes.len() - TAIL_SIZE;
        bytes[tail + 7] == TAIL_KIND && get32(bytes, tail + 8) == seed.with(&bytes[..tail]).value()
    };
    ensure(is_sound, "the checksum of a block of it is wrong")
}
