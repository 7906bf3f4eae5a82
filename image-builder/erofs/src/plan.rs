//! Decides where everything in an image lies, before a byte is written.

mod attributes;
mod inode;
mod inventory;
mod layout;
mod space;
mod sparse;

use tree::Tree;

pub(crate) use attributes::Attributes;
pub(crate) use inode::{Inode, Shape};
pub(crate) use inventory::Directory;
pub(crate) use layout::{Batch, Layout, algorithm_record};
pub(crate) use sparse::Sparse;

use crate::error::Error;
use crate::format::{BLOCK_BYTES, NO_BLOCK};
use crate::options::Options;

/// An image of which everything is decided but what compression makes of its files.
#[derive(Debug)]
pub struct Plan<'a> {
    pub(crate) options: Options,
    pub(crate) inodes: Vec<Inode<'a>>,
    pub(crate) directories: Vec<Directory<'a>>,
    pub(crate) attributes: Attributes,
    pub(crate) layout: Layout,
}

impl Plan<'_> {
    /// The size of the image, in bytes; none if only compressing tells.
    pub fn size_bytes(&self) -> Option<u64> {
        let is_known = !self.inodes.iter().any(|inode| matches!(inode.shape, Shape::Clusters));
        is_known.then_some(self.layout.blocks * BLOCK_BYTES as u64)
    }
}

/// Decides where everything in an image of `tree` lies. Contents are not read, only asked for
/// their holes.
pub fn plan<'a>(tree: &'a Tree, options: &Options) -> Result<Plan<'a>, Error> {
    options.check()?;
    let inventory = inventory::take(tree);
    let attributes = attributes::collect(&inventory.found)?;
    let mut inodes = Vec::with_capacity(inventory.found.len());
    for (number, found) in inventory.found.iter().enumerate() {
        let names = found.directory.map(|directory| &inventory.directories[directory].names[..]);
        let attribute_bytes = attributes.of(number).len();
        inodes.push(inode::decide(found, names, attribute_bytes, options)?);
    }
    let layout = layout::arrange(&mut inodes, attributes.shared.len(), options);
    if layout.blocks >= u64::from(NO_BLOCK) {
        return Err(Error::TooLarge);
    }
    Ok(Plan {
        options: options.clone(),
        inodes,
        directories: inventory.directories,
        attributes,
        layout,
    })
}
