//! Goes through all directories from the root, and makes a tree of what it finds.

use std::collections::{HashMap, HashSet};

use tree::{Content, GuestPath, Kind, Meta, Node, Tree};
use volume::read::{At, Claims, Image, Problem, Run, content, ensure};

use super::directory::{self, Entry};
use super::extents::ExtentReader;
use super::indirect::IndirectReader;
use super::inode::{Inode, InodeReader};
use super::runs::Runs;
use super::superblock::Shape;
use super::xattrs::XattrReader;
use crate::bytes::get32;
use crate::error::Error;
use crate::format::inode::{self, AREA, flag, kind};

/// The tree gets no larger, so that a small image of deep directories stays harmless.
const TREE_BYTES_MAX: usize = 2 << 30;
/// What a node takes besides its path, target and attributes, about.
const NODE_BYTES: usize = 256;
/// The kernel follows no longer links.
const TARGET_BYTES_MAX: u64 = 4095;
/// Blocks of files have numbers of 32 bits.
const FILE_BLOCKS_MAX: u64 = 1 << 32;

pub(super) struct Walk<'a> {
    image: &'a Image,
    shape: &'a Shape,
    inodes: InodeReader,
    xattrs: XattrReader,
    claims: Claims,
    /// Inodes with one name that were seen, and directories.
    seen: HashSet<u32>,
    /// The first name of each file that should have more, and how many more.
    names: HashMap<u32, (GuestPath, u16)>,
    tree_bytes: usize,
    tree: Tree,
}

/// A directory that is still to be gone through.
struct Directory {
    path: GuestPath,
    number: u32,
    parent: u32,
    inode: Inode,
}

impl<'a> Walk<'a> {
    pub(super) fn new(image: &'a Image, shape: &'a Shape) -> Self {
        Self {
            image,
            shape,
            inodes: InodeReader::default(),
            xattrs: XattrReader::default(),
            claims: Claims::default(),
            seen: HashSet::from([inode::ROOT]),
            names: HashMap::new(),
            tree_bytes: 0,
            tree: Tree::new(),
        }
    }

    pub(super) fn run(mut self) -> Result<Tree, Error> {
        let root = self.root().at(self.image.path(), || GuestPath::root().to_string())?;
        let mut pending = vec![root];
        while let Some(directory) = pending.pop() {
            let entries = self.entries(&directory);
            let entries = entries.at(self.image.path(), || directory.path.to_string())?;
            for (name, number) in entries {
                let place = || format!("{}, {:?}", directory.path, String::from_utf8_lossy(&name));
                let found = self.entry(&directory, &name, number);
                pending.extend(found.at(self.image.path(), place)?);
            }
        }
        Ok(self.tree)
    }

    fn root(&mut self) -> Result<Directory, Problem> {
        let (path, number) = (GuestPath::root(), inode::ROOT);
        let inode = self.inodes.read(self.image, self.shape, number)?;
        ensure(inode.kind() == kind::DIRECTORY, "it is no directory")?;
        let node = Node { meta: self.meta(&inode)?, kind: Kind::Directory };
        self.insert(path.clone(), node)?;
        Ok(Directory { path, number, parent: number, inode })
    }

    /// The entries of a directory without its own and its parent's.
    fn entries(&mut self, directory: &Directory) -> Result<Vec<Entry>, Problem> {
        let (inode, block_size) = (&directory.inode, self.shape.block_size);
        inode.check_flags()?;
        ensure(inode.size.is_multiple_of(block_size), "the directory's size is impossible")?;
        let blocks = inode.size / block_size;
        let mut entries = Vec::new();
        let mut block = vec![0; block_size as usize];
        let mut next = 0;
        for run in self.runs(inode)? {
            ensure(run.logical == next || next >= blocks, "the directory has a hole")?;
            for step in (0..run.blocks).take_while(|step| run.logical + step < blocks) {
                self.claims.claim(run.place + step)?;
                self.image.read((run.place + step) * block_size, &mut block)?;
                directory::read_block(&block, next, inode, &mut entries)?;
                next += 1;
            }
        }
        ensure(next == blocks && blocks > 0, "the directory has a hole")?;
        for (name, number) in &entries {
            let expected = match name.as_slice() {
                b"." => directory.number,
                b".." => directory.parent,
                _ => continue,
            };
            ensure(*number == expected, "the directory is not where it says it is")?;
        }
        entries.retain(|(name, _)| name != b"." && name != b"..");
        Ok(entries)
    }

    /// Puts one entry into the tree; gives the directory if it is one.
    fn entry(
        &mut self,
        directory: &Directory,
        name: &[u8],
        number: u32,
    ) -> Result<Option<Directory>, Problem> {
        let impossible = |_| Problem::Damaged("it has an impossible path");
        let path = directory.path.join(name).map_err(impossible)?;
        ensure(self.tree.get(&path).is_none(), "its name is there twice")?;
        ensure(number >= self.shape.first_inode, "its inode is a reserved one")?;
        if let Some((first, more)) = self.names.get_mut(&number) {
            let left = more.checked_sub(1);
            *more = left.ok_or(Problem::Damaged("its inode has more names than it counts"))?;
            let kind = Kind::HardLink(first.clone());
            self.insert(path, Node { meta: Meta::default(), kind })?;
            return Ok(None);
        }
        let inode = self.inodes.read(self.image, self.shape, number)?;
        ensure(inode.links > 0, "its inode was deleted")?;
        let node = Node { meta: self.meta(&inode)?, kind: self.kind(&inode)? };
        let is_directory = node.kind == Kind::Directory;
        if inode.links == 1 || is_directory {
            ensure(self.seen.insert(number), "its inode has another name already")?;
        } else {
            self.names.insert(number, (path.clone(), inode.links - 1));
        }
        self.insert(path.clone(), node)?;
        let parent = directory.number;
        Ok(is_directory.then_some(Directory { path, number, parent, inode }))
    }

    fn insert(&mut self, path: GuestPath, node: Node) -> Result<(), Problem> {
        let xattrs = node.meta.xattrs.iter().map(|(name, value)| name.len() + value.len());
        let target = if let Kind::Symlink(target) = &node.kind { target.len() } else { 0 };
        let bytes = NODE_BYTES + path.as_bytes().len() + target + xattrs.sum::<usize>();
        self.tree_bytes = self.tree_bytes.saturating_add(bytes);
        if self.tree_bytes > TREE_BYTES_MAX {
            return Err(Problem::Unsupported("a filesystem of so many files"));
        }
        let impossible = |_| Problem::Damaged("it contradicts what was there before");
        self.tree.insert(path, node).map_err(impossible)
    }

    fn meta(&mut self, inode: &Inode) -> Result<Meta, Problem> {
        Ok(Meta {
            mode: inode.mode & !kind::MASK,
            uid: inode.uid,
            gid: inode.gid,
            mtime: inode.mtime,
            xattrs: self.xattrs.read(self.image, self.shape, inode)?,
        })
    }

    fn kind(&mut self, inode: &Inode) -> Result<Kind, Problem> {
        Ok(match inode.kind() {
            kind::DIRECTORY => Kind::Directory,
            kind::FILE => Kind::File(self.file(inode)?),
            kind::SYMLINK => Kind::Symlink(self.target(inode)?.into()),
            kind::CHAR_DEVICE => {
                let (major, minor) = device(&inode.area);
                Kind::CharDevice { major, minor }
            }
            kind::BLOCK_DEVICE => {
                let (major, minor) = device(&inode.area);
                Kind::BlockDevice { major, minor }
            }
            kind::FIFO => Kind::Fifo,
            kind::SOCKET => Kind::Socket,
            _ => return Err(Problem::Damaged("it is of a kind that there is not")),
        })
    }

    fn file(&mut self, inode: &Inode) -> Result<Content, Problem> {
        inode.check_flags()?;
        let runs = self.runs(inode)?;
        Ok(content(self.image, self.shape.block_size, inode.size, runs))
    }

    fn target(&mut self, inode: &Inode) -> Result<Vec<u8>, Problem> {
        inode.check_flags()?;
        ensure((1..=TARGET_BYTES_MAX).contains(&inode.size), "the link's target is impossible")?;
        let size = inode.size as usize;
        let target = if size < AREA {
            inode.area[..size].to_vec()
        } else {
            let runs = self.runs(inode)?;
            let content = content(self.image, self.shape.block_size, inode.size, runs);
            content.read(TARGET_BYTES_MAX).map_err(Problem::Io)?
        };
        ensure(!target.contains(&0), "the link's target is cut off")?;
        Ok(target)
    }

    /// Where an inode's blocks are.
    fn runs(&mut self, inode: &Inode) -> Result<Vec<Run>, Problem> {
        let Self { image, shape, claims, .. } = self;
        let blocks = inode.size.div_ceil(shape.block_size);
        ensure(blocks <= FILE_BLOCKS_MAX, "its size is impossible")?;
        let runs = Runs::default();
        if inode.has(flag::EXTENTS) {
            ExtentReader { image, shape, claims, seed: inode.seed, runs }.read(inode)
        } else {
            IndirectReader { image, shape, claims, runs, next: 0, blocks }.read(inode)
        }
    }
}

/// Numbers as the oldest kernels wrote them, or in the second word as those after them did.
fn device(area: &[u8; AREA]) -> (u32, u32) {
    match (get32(area, 0), get32(area, 4)) {
        (0, new) => (new >> 8 & 0xfff, new & 0xff | new >> 12 & 0xf_ff00),
        (old, _) => (old >> 8 & 0xff, old & 0xff),
    }
}
