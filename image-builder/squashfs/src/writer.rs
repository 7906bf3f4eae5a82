//! Decides where everything of a tree goes, then writes it in order.

mod admission;
mod contents;
mod directories;
mod in_order;
mod jobs;
mod metadata;
mod output;
mod owners;
mod plan;
mod tables;
#[cfg(test)]
mod tests;
mod twins;
mod xattrs;

use tree::Tree;
use volume::Volume;

use crate::codec::{Compressor, description};
use crate::error::Error;
use crate::format::NO_TABLE;
use crate::format::superblock::{
    FLAG_ALL_TAILS_PACKED, FLAG_COMPRESSOR_OPTIONS, FLAG_DUPLICATES_REMOVED, FLAG_EXPORTABLE,
    FLAG_NO_XATTRS, Superblock,
};
use crate::options::Options;
use metadata::stored_block;
use output::Output;
use plan::Plan;
use tables::Tables;

/// Writes a tree as a filesystem, and returns its size, a multiple of 4096.
///
/// The volume gets whole blocks of 4096 bytes, each once and in order, but the first one last: it
/// says where the tables are, and that is known only when all before them is compressed.
pub fn write(tree: &Tree, options: &Options, volume: &dyn Volume) -> Result<u64, Error> {
    let time = options.check()?;
    let plan = Plan::new(tree, options)?;
    let inode_count = plan.inode_count()?;
    let mut output = Output::new(volume);
    let (algorithm, compressor_options) = description(options.compression);
    let mut flags = FLAG_ALL_TAILS_PACKED | FLAG_DUPLICATES_REMOVED | FLAG_EXPORTABLE;
    if !compressor_options.is_empty() {
        flags |= FLAG_COMPRESSOR_OPTIONS;
        output.append(&stored_block(&compressor_options))?;
    }
    let contents = contents::write(&plan, options, &mut output)?;
    let compressor = Compressor::new(options).map_err(Error::Compress)?;
    let tables = Tables::new(&plan, &contents, compressor)?;
    let places = tables.write(&contents.fragments, &mut output)?;
    if places.xattrs == NO_TABLE {
        flags |= FLAG_NO_XATTRS;
    }
    let superblock = Superblock {
        inode_count,
        time,
        block_size: options.block_size,
        fragment_count: places.fragment_count,
        algorithm,
        flags,
        owner_count: places.owner_count,
        root: places.root,
        bytes_used: output.position(),
        owner_table: places.owners,
        xattr_table: places.xattrs,
        inode_table: places.inodes,
        directory_table: places.directories,
        fragment_table: places.fragments,
        export_table: places.exports,
    };
    output.finish(&superblock)
}
