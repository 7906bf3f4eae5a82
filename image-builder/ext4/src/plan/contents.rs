//! The nodes of a tree as inodes, in the order of their numbers.

use tree::{Content, GuestPath, Timestamp, Tree};

use super::collector::Collector;
use super::directory::Directory;
use super::holes::Data;
use super::xattrs::{XattrBlocks, Xattrs};
use crate::error::Error;
use crate::format::inode;
use crate::options::Options;

/// The directory has so many blocks from the beginning, so that fsck need not find room.
const LOST_AND_FOUND_BLOCKS: u32 = 4;

/// Everything that needs an inode, and everything else that needs blocks.
#[derive(Debug)]
pub(crate) struct Contents<'t> {
    /// In the order of their paths.
    pub(crate) inodes: Vec<Inode<'t>>,
    /// Which of them is `lost+found`.
    pub(crate) lost_and_found: usize,
    pub(crate) directories: Vec<Directory<'t>>,
    pub(crate) xattr_blocks: XattrBlocks,
    /// The fewest blocks that all this needs.
    pub(crate) blocks: u64,
}

/// One inode before it has blocks.
#[derive(Debug)]
pub(crate) struct Inode<'t> {
    pub(crate) path: &'t [u8],
    /// With the kind in its upper bits.
    pub(crate) mode: u16,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) time: Timestamp,
    pub(crate) links: u32,
    pub(crate) xattrs: Xattrs,
    pub(crate) what: What<'t>,
}

/// What an inode holds.
#[derive(Debug)]
pub(crate) enum What<'t> {
    /// The directory of this number.
    Directory(usize),
    /// A file, and which of its blocks are no holes.
    File(&'t Content, Data),
    /// A link's target in the inode.
    ShortSymlink(&'t [u8]),
    /// A link's target in a block.
    Symlink(&'t [u8]),
    /// The two words that number a device.
    Device([u32; 2]),
    /// Fifo or socket.
    Nothing,
}

impl<'t> Contents<'t> {
    pub(crate) fn collect(tree: &'t Tree, options: &Options) -> Result<Self, Error> {
        let mut contents = Collector::run(tree, options)?;
        contents.finish(options)?;
        Ok(contents)
    }

    /// The number on disk of an inode.
    pub(crate) fn number(&self, index: usize) -> u32 {
        let first_free = inode::FIRST as usize + 1;
        let number = match index {
            0 => return inode::ROOT,
            index if index == self.lost_and_found => return inode::FIRST,
            index if index < self.lost_and_found => first_free + index - 1,
            index => first_free + index - 2,
        };
        // There are never more than the geometry has checked to be countable.
        number as u32
    }

    /// The inode that has a number on disk; none for those that are reserved or free.
    pub(crate) fn index(&self, number: u32) -> Option<usize> {
        let index = match number {
            inode::ROOT => 0,
            inode::FIRST => self.lost_and_found,
            0..=inode::FIRST => return None,
            number => {
                let index = (number - inode::FIRST) as usize;
                if index < self.lost_and_found { index } else { index + 1 }
            }
        };
        (index < self.inodes.len()).then_some(index)
    }

    /// The highest number in use.
    pub(crate) fn number_max(&self) -> u64 {
        // The root has its number among the reserved ones.
        u64::from(inode::FIRST) + self.inodes.len() as u64 - 2
    }

    fn finish(&mut self, options: &Options) -> Result<(), Error> {
        for directory in &mut self.directories {
            let is_lost_and_found = directory.inode == self.lost_and_found;
            let blocks_min = if is_lost_and_found { LOST_AND_FOUND_BLOCKS } else { 1 };
            if !directory.arrange(&options.hash_seed, blocks_min) {
                let path = self.inodes[directory.inode].path;
                return Err(refused(path, "the directory has too many entries"));
            }
        }
        let directories: u64 =
            self.directories.iter().map(|directory| u64::from(directory.blocks())).sum();
        let others: u64 = self
            .inodes
            .iter()
            .map(|inode| match &inode.what {
                What::File(_, data) => data.blocks(),
                What::Symlink(_) => 1,
                _ => 0,
            })
            .sum();
        self.blocks = directories + others + self.xattr_blocks.len() as u64;
        Ok(())
    }
}

impl Inode<'_> {
    /// Its path for people.
    pub(crate) fn shown_path(&self) -> GuestPath {
        shown(self.path)
    }
}

pub(crate) fn refused(path: &[u8], reason: &'static str) -> Error {
    Error::NotInFormat { path: shown(path), reason }
}

fn shown(path: &[u8]) -> GuestPath {
    // Every path here came out of a tree, or is `lost+found`.
    GuestPath::new(path).unwrap_or_default()
}
