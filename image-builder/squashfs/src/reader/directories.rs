//! The names that a directory holds.

use super::fields::Fields;
use super::table::Table;
use crate::error::Fault;
use crate::format::inode::Listing;
use crate::format::{DOTS_BYTES, ENTRIES_MAX, Place};

const NAME_BYTES_MAX: usize = 255;

/// One name, and where its inode is.
pub(crate) struct Entry {
    pub name: Box<[u8]>,
    pub place: Place,
    pub kind: u16,
}

/// Reads all entries of a directory, which must be sorted: so no name comes twice.
pub(crate) fn read(listing: &Listing, table: &mut Table) -> Result<Vec<Entry>, Fault> {
    // Some writers say 0 for an empty directory.
    let length = listing.size.saturating_sub(DOTS_BYTES) as usize;
    if length == 0 {
        return Ok(Vec::new());
    }
    table.count(length)?;
    let mut fields = table.from(Place { block: listing.block.into(), offset: listing.offset })?;
    let mut fields = Fields(fields.bytes(length)?);
    let mut entries: Vec<Entry> = Vec::new();
    while !fields.0.is_empty() {
        let count = fields.word()?;
        let block = u64::from(fields.word()?);
        // Its inode says the number, too.
        fields.word()?;
        if count as usize >= ENTRIES_MAX {
            return Err(Fault::Corrupt("a directory header has more than 256 entries"));
        }
        for _ in 0..=count {
            let entry = read_entry(&mut fields, block)?;
            if entries.last().is_some_and(|last| last.name >= entry.name) {
                return Err(Fault::Corrupt("a directory is not sorted"));
            }
            entries.push(entry);
        }
    }
    Ok(entries)
}

fn read_entry(fields: &mut Fields, block: u64) -> Result<Entry, Fault> {
    let offset = fields.short()?;
    fields.short()?;
    let kind = fields.short()?;
    let name = fields.bytes_of_name()?;
    Ok(Entry { name: name.into(), place: Place { block, offset }, kind })
}

impl<'a> Fields<'a> {
    fn bytes_of_name(&mut self) -> Result<&'a [u8], Fault> {
        let length = usize::from(self.short()?) + 1;
        let name = self.bytes(length)?;
        let is_name = length <= NAME_BYTES_MAX
            && !matches!(name, b"." | b"..")
            && !name.iter().any(|byte| matches!(byte, 0 | b'/'));
        is_name.then_some(name).ok_or(Fault::Corrupt("a name that no file can have"))
    }
}
