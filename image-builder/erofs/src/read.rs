//! Reads an image as a tree, without mounting it. Images may be hostile.

mod attributes;
mod clusters;
mod content;
mod decompress;
mod device;
mod directory;
mod index;
mod inode;
mod metadata;
mod pieces;
mod walk;

use std::path::Path;

use tree::{GuestPath, Tree};

use crate::error::{Error, Fault};
use device::Device;
use metadata::Metadata;

/// Reads the filesystem that begins at `offset` of a file.
///
/// Contents stay where they are and are read from there, so the file must outlive the tree.
pub fn read(file: &Path, offset: u64) -> Result<Tree, Error> {
    let opened = Device::open(file, offset);
    let device = opened.map_err(|source| Error::Open { file: file.to_owned(), source })?;
    let damaged = |(path, source)| Error::Image { file: file.to_owned(), path, source };
    let at_root = |fault| damaged((GuestPath::root(), fault));
    let mut metadata = Metadata::load(device).map_err(at_root)?;
    walk::walk(&mut metadata).map_err(damaged)
}

/// The sum of two places, which is no place if it is beyond all numbers.
fn sum(first: u64, second: u64) -> Result<u64, Fault> {
    first.checked_add(second).ok_or(Fault::Damaged("a place is beyond all numbers"))
}

/// The product of two numbers, which is no place if it is beyond all numbers.
fn product(first: u64, second: u64) -> Result<u64, Fault> {
    first.checked_mul(second).ok_or(Fault::Damaged("a place is beyond all numbers"))
}
