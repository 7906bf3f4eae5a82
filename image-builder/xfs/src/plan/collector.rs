//! Makes inodes and entries of the nodes of a tree.

use tree::{GuestPath, Kind, Node, Timestamp, Tree};

use super::attributes::Attributes;
use super::contents::{Inode, SPECIAL_INODES, What, refused};
use super::holes;
use crate::error::Error;
use crate::format::directory::entry_kind;
use crate::format::inode::{TIME_MAX, TIME_MIN, kind};
use crate::format::target::TARGET_BYTES_MAX;
use crate::options::Options;

/// Goes through a tree.
pub(super) struct Collector<'t> {
    inodes: Vec<Inode<'t>>,
    /// The directory that got the last entry: the next is often for it too.
    parent: (&'t [u8], usize),
}

impl<'t> Collector<'t> {
    /// Makes the inodes of all nodes.
    pub(super) fn run(tree: &'t Tree, options: &Options) -> Result<Vec<Inode<'t>>, Error> {
        let inodes = Vec::with_capacity(tree.len() + SPECIAL_INODES);
        let mut collector = Self { inodes, parent: (b"", 0) };
        for (path, node) in tree {
            match &node.kind {
                Kind::HardLink(target) => collector.add_name(path, target)?,
                _ => collector.add(path, node)?,
            }
            if path.as_bytes().is_empty() {
                collector.add_special(options);
            }
        }
        Ok(collector.inodes)
    }

    /// The inodes of a real-time part are there even where it is not.
    fn add_special(&mut self, options: &Options) {
        while self.inodes.len() < SPECIAL_INODES {
            self.inodes.push(Inode {
                path: b"",
                mode: kind::FILE,
                uid: 0,
                gid: 0,
                time: Timestamp::from_seconds(options.time),
                links: 1,
                attributes: Attributes::default(),
                what: What::Bitmap,
            });
        }
    }

    fn add(&mut self, path: &'t GuestPath, node: &'t Node) -> Result<(), Error> {
        let (meta, bytes) = (&node.meta, path.as_bytes());
        let is_time = (TIME_MIN..=TIME_MAX).contains(&meta.mtime.seconds);
        if !is_time || meta.mtime.nanoseconds >= 1_000_000_000 {
            return Err(refused(bytes, "its time is not between 1901 and 2486"));
        }
        let (kind, what) = look_at(path, &node.kind)?;
        let attributes = Attributes::new(&meta.xattrs);
        let inode = Inode {
            path: bytes,
            mode: kind | meta.mode & !kind::MASK,
            uid: meta.uid,
            gid: meta.gid,
            time: meta.mtime,
            // A directory has its own entry for itself.
            links: u32::from(kind == kind::DIRECTORY),
            attributes: attributes.map_err(|reason| refused(bytes, reason))?,
            what,
        };
        self.push(inode)
    }

    fn push(&mut self, inode: Inode<'t>) -> Result<(), Error> {
        let (index, path) = (self.inodes.len(), inode.path);
        self.inodes.push(inode);
        if path.is_empty() {
            self.inodes[0].links += 1;
            return Ok(());
        }
        let parent = self.parent(path)?;
        if let What::Directory(directory) = &mut self.inodes[index].what {
            directory.parent = parent;
            // Each directory has an entry for the one above it.
            self.inodes[parent].links += 1;
        }
        self.add_entry(parent, path, index)
    }

    fn add_name(&mut self, path: &'t GuestPath, target: &'t GuestPath) -> Result<(), Error> {
        let index = self.find(target.as_bytes())?;
        let parent = self.parent(path.as_bytes())?;
        self.add_entry(parent, path.as_bytes(), index)
    }

    fn add_entry(&mut self, parent: usize, path: &'t [u8], index: usize) -> Result<(), Error> {
        let inode = &mut self.inodes[index];
        inode.links += 1;
        let kind = entry_kind(inode.mode);
        let name = &path[parent_length(path).map_or(0, |length| length + 1)..];
        if let What::Directory(directory) = &mut self.inodes[parent].what {
            directory.push(name, index, kind);
            return Ok(());
        }
        Err(refused(path, "its parent is no directory"))
    }

    fn parent(&mut self, path: &'t [u8]) -> Result<usize, Error> {
        let parent = &path[..parent_length(path).unwrap_or(0)];
        if parent != self.parent.0 {
            self.parent = (parent, self.find(parent)?);
        }
        Ok(self.parent.1)
    }

    fn find(&self, path: &'t [u8]) -> Result<usize, Error> {
        if path.is_empty() {
            return Ok(0);
        }
        let sorted = self.inodes.get(SPECIAL_INODES..).unwrap_or_default();
        let found = sorted.binary_search_by(|inode| inode.path.cmp(path));
        let found = found.map_err(|_| refused(path, "it is needed but not there"))?;
        Ok(found + SPECIAL_INODES)
    }
}

fn look_at<'t>(path: &'t GuestPath, kind: &'t Kind) -> Result<(u16, What<'t>), Error> {
    let device = |major, minor| {
        let number = device_number(major, minor).map(What::Device);
        number.ok_or_else(|| refused(path.as_bytes(), "its device number is over 511:262143"))
    };
    Ok(match kind {
        Kind::Directory => (kind::DIRECTORY, What::Directory(Box::default())),
        Kind::File(content) => (kind::FILE, What::File(content, holes::look(path, content)?)),
        Kind::Symlink(target) => match target.len() {
            0 => return Err(refused(path.as_bytes(), "the link has no target")),
            1..=TARGET_BYTES_MAX => (kind::SYMLINK, What::Symlink(target)),
            _ => return Err(refused(path.as_bytes(), "the link's target is over 1024 bytes")),
        },
        Kind::CharDevice { major, minor } => (kind::CHAR_DEVICE, device(*major, *minor)?),
        Kind::BlockDevice { major, minor } => (kind::BLOCK_DEVICE, device(*major, *minor)?),
        Kind::Fifo => (kind::FIFO, What::Device(0)),
        Kind::Socket => (kind::SOCKET, What::Device(0)),
        Kind::HardLink(_) => return Err(refused(path.as_bytes(), "it is a link to a link")),
    })
}

fn parent_length(path: &[u8]) -> Option<usize> {
    path.iter().rposition(|byte| *byte == b'/')
}

/// The kernel reads back nine bits of the major number, and 18 of the minor.
fn device_number(major: u32, minor: u32) -> Option<u32> {
    (major < 1 << 9 && minor < 1 << 18).then_some(major << 18 | minor)
}
