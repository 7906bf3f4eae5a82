//! Reads the names in a directory.

use super::content::{block_place, tail_place};
use super::inode::Inode;
use super::metadata::Metadata;
use crate::error::Fault;
use crate::format::{DIRENT_BYTES, Layout, u16_at, u64_at};

/// A name and the number of its inode.
pub(super) type Named = (Box<[u8]>, u64);

/// Reads the names in a directory but `.` and `..`, in order.
pub(super) fn read(metadata: &mut Metadata, inode: &Inode) -> Result<Vec<Named>, Fault> {
    metadata.charge_unique(inode.record.size)?;
    let block_bytes = metadata.block_bytes();
    let (mut names, mut position) = (Vec::new(), 0);
    while position < inode.record.size {
        let count = block_bytes.min(inode.record.size - position);
        let place = match inode.record.layout {
            Layout::Inline if count < block_bytes => tail_place(metadata, inode)?,
            Layout::Plain | Layout::Inline => block_place(metadata, inode, position)?,
            _ => return Err(Fault::Unsupported("the layout of a directory")),
        };
        let block = metadata.read(place, count)?;
        read_block(&block, &mut names)?;
        position += count;
    }
    if names.windows(2).any(|pair| pair[0].0 >= pair[1].0) {
        return Err(Fault::Damaged("the names in a directory are not in order"));
    }
    names.retain(|(name, _)| **name != *b"." && **name != *b"..");
    Ok(names)
}

fn read_block(block: &[u8], names: &mut Vec<Named>) -> Result<(), Fault> {
    let records = usize::from(u16_at(block, 8));
    let is_possible = records >= DIRENT_BYTES && records % DIRENT_BYTES == 0;
    if !is_possible || records > block.len() {
        return Err(Fault::Damaged("a block of a directory has no room for its entries"));
    }
    for at in (0..records).step_by(DIRENT_BYTES) {
        let start = usize::from(u16_at(block, at + 8));
        let next = at + DIRENT_BYTES;
        let end = if next < records { usize::from(u16_at(block, next + 8)) } else { block.len() };
        let name = block.get(start..end).filter(|_| start >= records);
        let mut name = name.ok_or(Fault::Damaged("a name lies outside its directory"))?;
        if next == records {
            // The last name ends at the end of the block or before the padding.
            let end = name.iter().position(|byte| *byte == 0);
            name = &name[..end.unwrap_or(name.len())];
        }
        if name.is_empty() || name.len() > 255 || name.contains(&0) || name.contains(&b'/') {
            return Err(Fault::Damaged("a name in a directory is impossible"));
        }
        names.push((name.into(), u64_at(block, at)));
    }
    Ok(())
}
