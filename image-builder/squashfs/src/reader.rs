//! Reads a filesystem as a tree: all metadata at once, the bytes of files when they are wanted.
//!
//! Images may be hostile. Each byte of metadata is decompressed once and used once, so neither
//! loops nor entries that share what they name make more than the image holds.

mod blocks;
mod content;
mod directories;
mod fields;
mod image;
mod inodes;
mod table;
#[cfg(test)]
mod tests;
mod walk;
mod xattrs;

use std::path::Path;

use tree::Tree;

use crate::error::{Error, Fault};
use image::Image;
use walk::Walk;

/// Reads the filesystem that begins at `offset` of a file.
///
/// The bytes of files stay there and are decompressed when they are read. Compressed with gzip, xz
/// or zstd.
pub fn read(file: &Path, offset: u64) -> Result<Tree, Error> {
    read_image(file, offset).map_err(|source| Error::Image { file: file.to_owned(), source })
}

fn read_image(file: &Path, offset: u64) -> Result<Tree, Fault> {
    let image = Image::open(file, offset)?;
    Walk::new(image)?.tree()
}
