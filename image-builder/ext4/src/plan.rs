//! Decides where every block goes, before one is written.

pub(crate) mod allocation;
mod collector;
pub(crate) mod contents;
pub(crate) mod directory;
pub(crate) mod geometry;
pub(crate) mod holes;
pub(crate) mod posix_acl;
pub(crate) mod space;
pub(crate) mod xattrs;

use tree::Tree;
use volume::Volume;

use crate::error::Error;
use crate::format::{BLOCK_BYTES, BLOCKS_MAX};
use crate::options::{Options, Size};
use crate::write;
use allocation::Allocation;
use contents::Contents;
use geometry::Geometry;

/// A filesystem of which everything is decided and nothing is written.
#[derive(Debug)]
pub struct Plan<'t> {
    pub(crate) options: Options,
    pub(crate) contents: Contents<'t>,
    pub(crate) geometry: Geometry,
    pub(crate) allocation: Allocation,
}

/// How many blocks a filesystem is too small by, at least.
#[derive(Debug)]
pub(crate) struct Shortage(pub(crate) u64);

impl<'t> Plan<'t> {
    /// Decides where the nodes of a tree go, and how large the filesystem is.
    pub fn new(tree: &'t Tree, options: &Options) -> Result<Self, Error> {
        options.check()?;
        let contents = Contents::collect(tree, options)?;
        Self::of(contents, options.clone())
    }

    /// Decides again for another size, without looking at the contents again.
    pub fn resized(self, size: Size) -> Result<Self, Error> {
        let options = Options { size, ..self.options };
        options.check()?;
        Self::of(self.contents, options)
    }

    fn of(contents: Contents<'t>, options: Options) -> Result<Self, Error> {
        let place = |blocks: u64| place(&contents, &options, blocks);
        let (geometry, allocation) = match options.size {
            Size::Exact(bytes) => place((bytes / BLOCK_BYTES).max(1)).or_else(|_| {
                let options = Options { size: Size::Smallest { free_bytes: 0 }, ..options.clone() };
                let (smallest, _) = smallest(&contents, &options)?;
                let needed = smallest.blocks * BLOCK_BYTES;
                Err(Error::NoSpace { needed, given: bytes })
            })?,
            Size::Smallest { .. } => smallest(&contents, &options)?,
        };
        Ok(Self { options, contents, geometry, allocation })
    }

    /// How many bytes the filesystem has, from its first block to its last.
    ///
    /// This can be less than was asked for, where the rest is too little for a group of blocks.
    pub fn size_bytes(&self) -> u64 {
        self.geometry.blocks * BLOCK_BYTES
    }

    /// Writes the filesystem to a volume of zeros.
    pub fn write(&self, volume: &dyn Volume) -> Result<(), Error> {
        write::write(self, volume)
    }
}

/// Finds the fewest blocks that do, from below.
fn smallest(contents: &Contents, options: &Options) -> Result<(Geometry, Allocation), Error> {
    let mut blocks = contents.blocks + 1;
    while blocks <= BLOCKS_MAX {
        match place(contents, options, blocks) {
            Ok(placed) => return Ok(placed),
            Err(Shortage(missing)) => blocks += missing.max(1),
        }
    }
    Err(Error::TooLarge)
}

/// Lays out a filesystem of so many blocks.
fn place(
    contents: &Contents,
    options: &Options,
    blocks: u64,
) -> Result<(Geometry, Allocation), Shortage> {
    let geometry = Geometry::new(blocks, contents, options)?;
    let allocation = Allocation::new(contents, &geometry)?;
    let wanted = options.free_blocks();
    if wanted > 0 {
        let kept = geometry.reserved_blocks + geometry.kernel_reserve();
        let missing = (wanted + kept).saturating_sub(allocation.free_blocks);
        if missing > 0 {
            return Err(Shortage(missing));
        }
    }
    Ok((geometry, allocation))
}
