//! Decides where every block goes, before one is written.

pub(crate) mod attributes;
mod collector;
pub(crate) mod contents;
pub(crate) mod directory;
pub(crate) mod forks;
pub(crate) mod holes;
pub(crate) mod levels;
pub(crate) mod placement;
pub(crate) mod space;

use tree::Tree;
use volume::Volume;

use crate::error::Error;
use crate::format::geometry::{BLOCKS_MIN, Geometry};
use crate::format::{BLOCK_BYTES, BLOCKS_MAX};
use crate::options::{Options, Size};
use crate::write;
use contents::Contents;
use placement::Placement;

/// What the kernel keeps for itself of each group.
const KEPT_OF_GROUP: u64 = 24;
/// What it keeps for itself of all, at most, and as a part of the whole.
const KEPT_MAX: u64 = 8192;
const KEPT_PART: u64 = 20;

/// A filesystem of which everything is decided and nothing is written.
#[derive(Debug)]
pub struct Plan<'t> {
    pub(crate) options: Options,
    pub(crate) contents: Contents<'t>,
    pub(crate) placement: Placement,
}

/// How many blocks a filesystem is too small by, at least.
#[derive(Debug)]
pub(crate) struct Shortage(pub(crate) u64);

impl<'t> Plan<'t> {
    /// Decides where the nodes of a tree go, and how large the filesystem is.
    pub fn new(tree: &'t Tree, options: &Options) -> Result<Self, Error> {
        options.check()?;
        let contents = Contents::collect(tree, options)?;
        let placement = match options.size {
            Size::Smallest { .. } => smallest(&contents, options.free_blocks())?,
            Size::Exact(bytes) => place(&contents, 0, bytes / BLOCK_BYTES).or_else(|_| {
                let smallest = smallest(&contents, 0)?;
                let needed = smallest.geometry.blocks * BLOCK_BYTES;
                // Files may be cut at other places in larger groups, and need a block more.
                let fits = needed <= bytes;
                if fits { Ok(smallest) } else { Err(Error::NoSpace { needed, given: bytes }) }
            })?,
        };
        Ok(Self { options: options.clone(), contents, placement })
    }

    /// How many bytes the filesystem has, from its first block to its last.
    ///
    /// This can be a few blocks less than was asked for, so that all groups have the same size.
    pub fn size_bytes(&self) -> u64 {
        self.placement.geometry.blocks * BLOCK_BYTES
    }

    /// Writes the filesystem to a volume of zeros.
    pub fn write(&self, volume: &dyn Volume) -> Result<(), Error> {
        write::write(self, volume)
    }
}

/// Finds the fewest blocks that do, from below.
fn smallest(contents: &Contents<'_>, free_blocks: u64) -> Result<Placement, Error> {
    let mut blocks = BLOCKS_MIN;
    while blocks <= BLOCKS_MAX {
        match place(contents, free_blocks, blocks) {
            Ok(placement) => return Ok(placement),
            Err(Shortage(missing)) => blocks += missing.max(8),
        }
    }
    Err(Error::TooLarge)
}

/// Lays out a filesystem of so many blocks.
fn place(contents: &Contents<'_>, free_blocks: u64, blocks: u64) -> Result<Placement, Shortage> {
    if blocks < BLOCKS_MIN {
        return Err(Shortage(BLOCKS_MIN - blocks));
    }
    let geometry = Geometry::new(blocks);
    let placement = Placement::new(contents, geometry)?;
    if free_blocks > 0 {
        let kept = (geometry.blocks / KEPT_PART).min(KEPT_MAX) + KEPT_OF_GROUP * geometry.groups;
        let missing = (free_blocks + kept).saturating_sub(placement.space.free_blocks());
        if missing > 0 {
            return Err(Shortage(missing));
        }
    }
    Ok(placement)
}
