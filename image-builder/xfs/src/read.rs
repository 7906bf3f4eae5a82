//! Reads a tree from an image, of whoever made it.

mod attributes;
mod directory;
mod inode;
mod runs;
mod shape;
mod target;
#[cfg(test)]
mod tests;
mod walk;

use std::path::Path;

use tree::Tree;
use volume::read::{At, Image};

use crate::error::Error;
use shape::Shape;
use walk::Walk;

/// Reads the filesystem that begins at `offset` of an image; contents stay in the image.
///
/// It must have checksums, as all have that were made since 2015, and they are verified. What is
/// only in the log of a filesystem that was not unmounted is not seen; files of a real-time part
/// are refused.
pub fn read(file: &Path, offset: u64) -> Result<Tree, Error> {
    let image = Image::open(file, offset)?;
    let shape = Shape::read(&image).at(file, || "superblock".to_owned())?;
    Walk::new(&image, &shape).run()
}
