//! Makes inodes and entries of the nodes of a tree.

use std::collections::BTreeMap;

use tree::{GuestPath, Kind, Node, Timestamp, Tree};

use super::contents::{Contents, Inode, What, refused};
use super::directory::Directory;
use super::holes;
use super::xattrs::{XattrBlocks, Xattrs};
use crate::error::Error;
use crate::format::inode::{self, kind};
use crate::format::{BLOCK, directory};
use crate::options::Options;

/// Where fsck puts files that have lost their names.
const LOST_AND_FOUND: &[u8] = b"lost+found";
/// Targets of fewer bytes lie in the inode.
const SHORT_TARGET: usize = inode::AREA;

/// Goes through a tree.
pub(super) struct Collector<'t> {
    contents: Contents<'t>,
    /// The directory that got the last entry: the next is often for it too.
    parent: (&'t [u8], usize),
    /// Nodes with several names: the first of them, to the inode.
    seen: BTreeMap<&'t [u8], usize>,
}

impl<'t> Collector<'t> {
    /// Collects all nodes, and `lost+found` if it is not among them.
    pub(super) fn run(tree: &'t Tree, options: &Options) -> Result<Contents<'t>, Error> {
        let mut collector = Self {
            contents: Contents {
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
        Ok(collector.contents)
    }

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
