//! The inodes that a tree becomes.

use std::ops::Range;

use tree::{Content, Timestamp, Tree};

use super::attributes::Attributes;
use super::collector::Collector;
use super::directory::Directory;
use crate::error::Error;
use crate::options::Options;

/// The first inodes are the root and two of a real-time part, which there must be.
pub(crate) const BITMAP: usize = 1;
pub(crate) const SPECIAL_INODES: usize = 3;
/// With no more, all numbers of inodes fit in 32 bits: they are the first things in a filesystem.
const INODES_MAX: usize = 100_000_000;

/// All inodes; the first is the root.
#[derive(Debug)]
pub(crate) struct Contents<'t> {
    pub(crate) inodes: Vec<Inode<'t>>,
}

/// What a node becomes.
#[derive(Debug)]
pub(crate) struct Inode<'t> {
    pub(crate) path: &'t [u8],
    pub(crate) mode: u16,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) time: Timestamp,
    pub(crate) links: u32,
    pub(crate) attributes: Attributes<'t>,
    pub(crate) what: What<'t>,
}

/// What an inode holds.
#[derive(Debug)]
pub(crate) enum What<'t> {
    Directory(Box<Directory<'t>>),
    /// A file, and its blocks that are no holes.
    File(&'t Content, Box<[Range<u64>]>),
    Symlink(&'t [u8]),
    /// The number as it is stored; pipes and sockets have 0.
    Device(u32),
    /// A bitmap of a real-time part, which is empty.
    Bitmap,
}

impl<'t> Contents<'t> {
    /// Refuses by name what the format cannot hold.
    pub(crate) fn collect(tree: &'t Tree, options: &Options) -> Result<Self, Error> {
        let inodes = Collector::run(tree, options)?;
        if inodes.len() > INODES_MAX {
            return Err(Error::TooMany);
        }
        Ok(Self { inodes })
    }
}

/// Says that a node has no form.
pub(crate) fn refused(path: &[u8], reason: &'static str) -> Error {
    // A path of a tree is one.
    let path = tree::GuestPath::new(path).unwrap_or_default();
    Error::NotInFormat { path, reason }
}
