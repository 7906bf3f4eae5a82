//! Reads a tree from an image, of whoever made it.

mod directory;
mod extents;
mod groups;
mod indirect;
mod inode;
mod runs;
mod superblock;
#[cfg(test)]
mod tests;
mod walk;
mod xattrs;

use std::path::Path;

use tree::Tree;
use volume::read::{At, Image};

use crate::error::Error;
use superblock::Shape;
use walk::Walk;

/// Reads the filesystem that begins at `offset` of an image; contents stay in the image.
///
/// It may be an ext2, ext3 or ext4 filesystem that was unmounted cleanly. Checksums are verified
/// where it has any. Encrypted files, files that lie inside their inode, and extended attributes
/// with inodes of their own are refused.
pub fn read(file: &Path, offset: u64) -> Result<Tree, Error> {
    let image = Image::open(file, offset)?;
    let shape = Shape::read(&image).at(file, || "superblock".to_owned())?;
    Walk::new(&image, &shape).run()
}
