//! The nodes of a tree as inodes, in the order of their numbers.

use std::collections::BTreeMap;

use tree::{Content, GuestPath, Kind, Node, Timestamp, Tree};

use super::directory::Directory;
use super::holes::{self, Data};
use super::xattrs::{XattrBlocks, Xattrs};
use crate::error::Error;
use crate::format::inode::{self, kind};
use crate::format::{BLOCK, directory};
use crate::options::Options;

/// Where fsck puts files that have lost their names.
pub(crate) const LOST_AND_FOUND: &[u8] = b"lost+found";
/// The directory has so many blocks from the beginning, so that fsck need not find room.
const LOST_AND_FOUND_BLOCKS: u32 = 4;
/// Targets of fewer bytes lie in the inode.
const SHORT_TARGET: usize = inode::AREA;

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
        let mut collector = Collector {
            contents: Self {
                inodes: Vec::with_capacity(tree.len() + 1),
                lost_and_found: 0,
                directories: Vec::new(),
                xattr_blocks: XattrBlocks::default(),
                blocks: 0,
            },
            parent: (b"", 0),
            seen: BTreeMap::new(),
        };
        for (path, node) in tree {
            if path.as_bytes() > LOST_AND_FOUND {
                collector.make_lost_and_found(options)?;
            }
            match &node.kind {
                Kind::HardLink(target) => collector.add_name(path, target)?,
                _ => collector.add(path, node)?,
            }
        }
        collector.make_lost_and_found(options)?;
        let mut contents = collector.contents;
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

struct Collector<'t> {
    contents: Contents<'t>,
    /// The directory that got the last entry: the next is often for it too.
    parent: (&'t [u8], usize),
    /// Nodes with several names: the first of them, to the inode.
    seen: BTreeMap<&'t [u8], usize>,
}

impl<'t> Collector<'t> {
    fn add(&mut self, path: &'t GuestPath, node: &'t Node) -> Result<(), Error> {
        let meta = &node.meta;
        let bytes = path.as_bytes();
        let is_time = (inode::TIME_MIN..=inode::TIME_MAX).contains(&meta.mtime.seconds);
        if !is_time || meta.mtime.nanoseconds >= 1_000_000_000 {
            return Err(refused(bytes, "its time is not between 1901 and 2446"));
        }
        let (kind, what) = self.look_at(path, &node.kind)?;
        if bytes == LOST_AND_FOUND {
            if kind != kind::DIRECTORY {
                return Err(refused(bytes, "it must be a directory"));
            }
            self.contents.lost_and_found = self.contents.inodes.len();
        }
        let xattrs = Xattrs::new(&meta.xattrs, &mut self.contents.xattr_blocks);
        self.push(Inode {
            path: bytes,
            mode: kind | meta.mode & !kind::MASK,
            uid: meta.uid,
            gid: meta.gid,
            time: meta.mtime,
            links: 0,
            xattrs: xattrs.map_err(|reason| refused(bytes, reason))?,
            what,
        })
    }

    fn look_at(&mut self, path: &'t GuestPath, kind: &'t Kind) -> Result<(u16, What<'t>), Error> {
        let device = |major, minor| {
            device_words(major, minor)
                .map(What::Device)
                .ok_or_else(|| refused(path.as_bytes(), "its device number is too large"))
        };
        Ok(match kind {
            Kind::Directory => (kind::DIRECTORY, What::Directory(self.contents.directories.len())),
            Kind::File(content) => (kind::FILE, What::File(content, holes::look(path, content)?)),
            Kind::Symlink(target) => match target.len() {
                0 => return Err(refused(path.as_bytes(), "the link has no target")),
                1..SHORT_TARGET => (kind::SYMLINK, What::ShortSymlink(target)),
                SHORT_TARGET..BLOCK => (kind::SYMLINK, What::Symlink(target)),
                _ => return Err(refused(path.as_bytes(), "the link's target is over 4095 bytes")),
            },
            Kind::CharDevice { major, minor } => (kind::CHAR_DEVICE, device(*major, *minor)?),
            Kind::BlockDevice { major, minor } => (kind::BLOCK_DEVICE, device(*major, *minor)?),
            Kind::Fifo => (kind::FIFO, What::Nothing),
            Kind::Socket => (kind::SOCKET, What::Nothing),
            Kind::HardLink(_) => return Err(refused(path.as_bytes(), "it is a link to a link")),
        })
    }

    fn make_lost_and_found(&mut self, options: &Options) -> Result<(), Error> {
        if self.contents.lost_and_found != 0 {
            return Ok(());
        }
        self.contents.lost_and_found = self.contents.inodes.len();
        self.push(Inode {
            path: LOST_AND_FOUND,
            mode: kind::DIRECTORY | 0o700,
            uid: 0,
            gid: 0,
            time: Timestamp::from_seconds(options.time),
            links: 0,
            xattrs: Xattrs::default(),
            what: What::Directory(self.contents.directories.len()),
        })
    }

    fn push(&mut self, mut inode: Inode<'t>) -> Result<(), Error> {
        let index = self.contents.inodes.len();
        let (path, mode) = (inode.path, inode.mode);
        let is_directory = matches!(inode.what, What::Directory(_));
        // A directory has its own entry for itself, and one in each directory in it.
        inode.links = u32::from(is_directory);
        self.contents.inodes.push(inode);
        if path.is_empty() {
            self.contents.directories.push(Directory::new(0, 0));
            self.contents.inodes[0].links += 1;
            return Ok(());
        }
        let parent = self.parent(path)?;
        let above = self.contents.directories[parent].inode;
        if is_directory {
            self.contents.directories.push(Directory::new(index, above));
            self.contents.inodes[above].links += 1;
        }
        self.add_entry(parent, path, index, mode)
    }

    fn add_name(&mut self, path: &'t GuestPath, target: &'t GuestPath) -> Result<(), Error> {
        let index = match self.seen.get(target.as_bytes()) {
            Some(index) => *index,
            None => self.find(target.as_bytes())?,
        };
        self.seen.insert(target.as_bytes(), index);
        let parent = self.parent(path.as_bytes())?;
        let mode = self.contents.inodes[index].mode;
        self.add_entry(parent, path.as_bytes(), index, mode)
    }

    fn add_entry(
        &mut self,
        parent: usize,
        path: &'t [u8],
        index: usize,
        mode: u16,
    ) -> Result<(), Error> {
        let inode = &mut self.contents.inodes[index];
        inode.links += 1;
        if mode & kind::MASK != kind::DIRECTORY && inode.links > inode::LINKS_MAX {
            return Err(refused(path, "the file has more than 65000 names"));
        }
        let name = &path[parent_length(path).map_or(0, |length| length + 1)..];
        let kind = directory::entry_kind(mode);
        self.contents.directories[parent].push(name, index, kind);
        Ok(())
    }

    fn parent(&mut self, path: &'t [u8]) -> Result<usize, Error> {
        let parent = &path[..parent_length(path).unwrap_or(0)];
        if parent != self.parent.0 {
            let index = self.find(parent)?;
            let What::Directory(directory) = self.contents.inodes[index].what else {
                return Err(refused(path, "its parent is no directory"));
            };
            self.parent = (parent, directory);
        }
        Ok(self.parent.1)
    }

    fn find(&self, path: &'t [u8]) -> Result<usize, Error> {
        let found = self.contents.inodes.binary_search_by(|inode| inode.path.cmp(path));
        found.map_err(|_| refused(path, "it is needed but not there"))
    }
}

fn parent_length(path: &[u8]) -> Option<usize> {
    path.iter().rposition(|byte| *byte == b'/')
}

/// Small numbers as the oldest kernels wrote them, larger ones in the second word.
fn device_words(major: u32, minor: u32) -> Option<[u32; 2]> {
    match (major, minor) {
        (0..256, 0..256) => Some([major << 8 | minor, 0]),
        (0..4096, 0..0x10_0000) => Some([0, minor & 0xff | major << 8 | (minor & !0xff) << 12]),
        _ => None,
    }
}

pub(crate) fn refused(path: &[u8], reason: &'static str) -> Error {
    Error::NotInFormat { path: shown(path), reason }
}

fn shown(path: &[u8]) -> GuestPath {
    // Every path here came out of a tree, or is `lost+found`.
    GuestPath::new(path).unwrap_or_default()
}
