//! Where every block of every inode is.

use std::ops::Range;

use super::Shortage;
use super::contents::{Contents, Inode, What};
use super::forks::Forks;
use super::levels::levels;
use super::space::Space;
use crate::format::extent::{EXTENT_BLOCKS_MAX, EXTENT_SIZE, Extent};
use crate::format::geometry::Geometry;
use crate::format::inode::Form;
use crate::format::{BLOCK, CHUNK_INODES, btree};

/// Runs that a leaf of a tree of them has, and blocks that a node of it leads to.
pub(crate) const TREE_RECORDS: usize = (BLOCK - btree::FILE_HEADER) / 16;

/// Where everything is.
#[derive(Debug)]
pub(crate) struct Placement {
    pub(crate) geometry: Geometry,
    pub(crate) space: Space,
    /// The first block of every 64 inodes.
    pub(crate) chunks: Vec<u64>,
    /// Of every inode.
    pub(crate) placed: Vec<Placed>,
}

/// Where the blocks of an inode are.
#[derive(Debug, Default)]
pub(crate) struct Placed {
    pub(crate) extents: Box<[Extent]>,
    /// The blocks of the tree of these runs, if they do not fit in the inode.
    pub(crate) tree: Box<[u64]>,
    /// The first block of the extended attributes, if they have any.
    pub(crate) attributes: Option<u64>,
}

impl Placement {
    pub(crate) fn new(contents: &Contents<'_>, geometry: Geometry) -> Result<Self, Shortage> {
        let mut space = Space::new(geometry);
        let chunks = space.take_chunks(contents.inodes.len().div_ceil(CHUNK_INODES));
        let placed = contents.inodes.iter().map(|inode| place(inode, &mut space)).collect();
        match space.missing() {
            0 => Ok(Self { geometry, space, chunks, placed }),
            missing => Err(Shortage(missing)),
        }
    }

    /// The number of an inode.
    pub(crate) fn number(&self, inode: usize) -> u64 {
        let first = self.geometry.first_inode(self.chunks[inode / CHUNK_INODES]);
        first + (inode % CHUNK_INODES) as u64
    }
}

impl Placed {
    /// All blocks of the inode, but not itself.
    pub(crate) fn blocks(&self, inode: &Inode<'_>) -> u64 {
        let attributes = if self.attributes.is_some() { inode.attributes.blocks() } else { 0 };
        let contents: u64 = self.extents.iter().map(|extent| extent.blocks).sum();
        contents + self.tree.len() as u64 + attributes
    }
}

/// The levels of the tree of so many runs below the root, which is in an inode and as large as
/// this; none if the inode holds the runs.
pub(crate) fn tree_levels(runs: usize, room: usize) -> Vec<u64> {
    if runs <= room / EXTENT_SIZE {
        return Vec::new();
    }
    let leaves = runs.div_ceil(TREE_RECORDS) as u64;
    levels(leaves, TREE_RECORDS as u64, root_records(room) as u64)
}

/// How many blocks the root of such a tree leads to.
pub(crate) fn root_records(room: usize) -> usize {
    (room - 4) / 16
}

fn place(inode: &Inode<'_>, space: &mut Space) -> Placed {
    let forks = Forks::of(inode);
    let attributes = (forks.attributes == Some(Form::Extents))
        .then(|| space.take_together(inode.attributes.blocks()));
    let shape;
    let logical: &[Range<u64>] = match &inode.what {
        _ if forks.data_form.is_some() => &[],
        What::Directory(directory) => {
            shape = directory.shape().logical();
            &shape
        }
        What::File(_, data) => data,
        What::Symlink(_) => std::slice::from_ref(&(0..1)),
        What::Device(_) | What::Bitmap => &[],
    };
    let blocks = logical.iter().map(|range| range.end - range.start).sum();
    let extents = pair(logical, &space.take(blocks));
    let tree = tree_levels(extents.len(), forks.data_room).iter().sum();
    let tree = space.take(tree).into_iter().flatten().collect();
    Placed { extents: extents.into(), tree, attributes }
}

/// Gives the blocks of an inode, in order, the places that it got.
fn pair(logical: &[Range<u64>], places: &[Range<u64>]) -> Vec<Extent> {
    let mut extents = Vec::with_capacity(logical.len());
    let mut places = places.iter().cloned();
    let mut place = 0..0;
    for range in logical {
        let mut at = range.start;
        while at < range.end {
            if place.is_empty() {
                // Where blocks are missing, nothing is written.
                let Some(next) = places.next() else { return extents };
                place = next;
            }
            let blocks = (range.end - at).min(place.end - place.start).min(EXTENT_BLOCKS_MAX);
            extents.push(Extent { logical: at, place: place.start, blocks });
            at += blocks;
            place.start += blocks;
        }
    }
    extents
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_end_with_their_places_and_at_holes() {
        let extents = pair(&[0..3, 10..12], &[100..101, 200..204]);
        let shown: Vec<_> =
            extents.iter().map(|found| (found.logical, found.place, found.blocks)).collect();
        assert_eq!(shown, [(0, 100, 1), (1, 200, 2), (10, 202, 2)]);
    }

    #[test]
    fn an_inode_holds_few_runs() {
        assert!(tree_levels(21, 336).is_empty());
        assert_eq!(tree_levels(22, 336), [1]);
        assert_eq!(tree_levels(20 * 251 + 1, 336), [21, 1]);
    }
}
