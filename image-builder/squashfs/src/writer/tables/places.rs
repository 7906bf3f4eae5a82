//! Writes all tables, and says where they are.

use super::{Tables, number_of};
use crate::codec::Compressor;
use crate::error::Error;
use crate::format::{FRAGMENT_BYTES, NO_TABLE};
use crate::writer::metadata::Metadata;
use crate::writer::output::Output;
use crate::writer::plan::Target;
use crate::writer::xattrs::Xattrs;

/// Where the tables are in the filesystem.
pub(crate) struct Places {
    pub root: u64,
    pub inodes: u64,
    pub directories: u64,
    pub fragments: u64,
    pub fragment_count: u32,
    pub exports: u64,
    pub owners: u64,
    pub owner_count: u16,
    pub xattrs: u64,
}

impl Tables<'_> {
    /// Writes all tables, in the order and without the gaps that the kernel insists on.
    pub(crate) fn write(
        mut self,
        fragments: &[(u64, u32)],
        output: &mut Output,
    ) -> Result<Places, Error> {
        let root = number_of(self.plan, Target::Directory(0));
        let root = self.places[root as usize - 1].to_reference();
        let compressor = &mut self.compressor;
        let inodes = output.position();
        output.append(&self.inodes.finish(compressor)?.0)?;
        let directories = output.position();
        output.append(&self.directories.finish(compressor)?.0)?;
        let fragment_bytes = fragment_table(fragments);
        let fragment_table = write_table(&fragment_bytes, compressor, output)?;
        let exports: Vec<u8> =
            self.places.iter().flat_map(|place| place.to_reference().to_le_bytes()).collect();
        let exports = write_table(&exports, compressor, output)?;
        let owners = write_table(&self.plan.owners.to_bytes(), compressor, output)?;
        let xattrs = write_xattrs(self.xattrs, compressor, output)?;
        Ok(Places {
            root,
            inodes,
            directories,
            fragments: fragment_table,
            fragment_count: fragments.len() as u32,
            exports,
            owners,
            owner_count: self.plan.owners.count(),
            xattrs,
        })
    }
}

fn fragment_table(fragments: &[(u64, u32)]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(fragments.len() * FRAGMENT_BYTES);
    for (start, size) in fragments {
        bytes.extend(start.to_le_bytes());
        bytes.extend(size.to_le_bytes());
        bytes.extend([0; 4]);
    }
    bytes
}

/// Writes a table and then where its blocks are; returns where that list is.
fn write_table(
    bytes: &[u8],
    compressor: &mut Compressor,
    output: &mut Output,
) -> Result<u64, Error> {
    let start = output.position();
    let mut table = Metadata::default();
    table.append(bytes, compressor)?;
    let (compressed, blocks) = table.finish(compressor)?;
    output.append(&compressed)?;
    let list = output.position();
    write_block_list(start, &blocks, output)?;
    Ok(list)
}

fn write_block_list(start: u64, blocks: &[u64], output: &mut Output) -> Result<(), Error> {
    let list: Vec<u8> = blocks.iter().flat_map(|block| (start + block).to_le_bytes()).collect();
    output.append(&list)
}

/// Writes the pairs, the sets, and what says where both are; returns the place of that.
fn write_xattrs(
    xattrs: Xattrs,
    compressor: &mut Compressor,
    output: &mut Output,
) -> Result<u64, Error> {
    let count = xattrs.count();
    if count == 0 {
        return Ok(NO_TABLE);
    }
    let pairs_start = output.position();
    output.append(&xattrs.pairs.finish(compressor)?.0)?;
    let sets_start = output.position();
    let mut sets = Metadata::default();
    sets.append(&xattrs.sets, compressor)?;
    let (compressed, blocks) = sets.finish(compressor)?;
    output.append(&compressed)?;
    let table = output.position();
    output.append(&pairs_start.to_le_bytes())?;
    output.append(&count.to_le_bytes())?;
    output.append(&[0; 4])?;
    write_block_list(sets_start, &blocks, output)?;
    Ok(table)
}
