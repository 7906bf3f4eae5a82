//! Goes through all directories from the root, and makes a tree of what it finds.

use std::collections::{HashMap, HashSet};

use tree::{Content, GuestPath, Kind, Meta, Node, Tree};
use volume::read::{At, Claims, Image, Problem, Run, content, ensure};

use super::attributes::AttributeReader;
use super::directory::{self, Entry};
use super::inode::{Fork, Inode};
use super::runs::RunReader;
use super::shape::Shape;
use super::target::far_target;
use crate::bytes::get32;
use crate::error::Error;
use crate::format::directory::INDEX_BLOCK;
use crate::format::inode::{Form, kind};
use crate::format::target::TARGET_BYTES_MAX;

/// The tree gets no larger, so that a small image of deep directories stays harmless.
const TREE_BYTES_MAX: usize = 2 << 30;
/// What a node takes besides its path, target and attributes, about.
const NODE_BYTES: usize = 256;

pub(super) struct Walk<'a> {
    image: &'a Image,
    shape: &'a Shape,
    claims: Claims,
    values: Claims,
    /// Inodes with one name that were seen, and directories.
    seen: HashSet<u64>,
    /// The first name of each file that should have more, and how many more.
    names: HashMap<u64, (GuestPath, u32)>,
    tree_bytes: usize,
    tree: Tree,
}

/// A directory that is still to be gone through.
struct Directory {
    path: GuestPath,
    parent: u64,
    inode: Inode,
}

impl<'a> Walk<'a> {
    pub(super) fn new(image: &'a Image, shape: &'a Shape) -> Self {
        Self {
            image,
            shape,
            claims: Claims::default(),
            values: Claims::default(),
            seen: HashSet::from([shape.root]),
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
        let (path, parent) = (GuestPath::root(), self.shape.root);
        let inode = Inode::read(self.image, self.shape, parent)?;
        ensure(inode.kind() == kind::DIRECTORY, "it is no directory")?;
        let node = Node { meta: self.meta(&inode)?, kind: Kind::Directory };
        self.insert(path.clone(), node)?;
        Ok(Directory { path, parent, inode })
    }

    /// The entries of a directory without its own and its parent's.
    fn entries(&mut self, directory: &Directory) -> Result<Vec<Entry>, Problem> {
        let inode = &directory.inode;
        if inode.data.form == Form::Local {
            let (entries, parent) = directory::read_local(&inode.data.bytes, inode.size)?;
            ensure(parent == directory.parent, "the directory is not where it says it is")?;
            return Ok(entries);
        }
        let mut entries = self.entries_of_blocks(inode)?;
        for (name, number) in &entries {
            let expected = match &**name {
                b"." => inode.number,
                b".." => directory.parent,
                _ => continue,
            };
            ensure(*number == expected, "the directory is not where it says it is")?;
        }
        entries.retain(|(name, _)| ![&b"."[..], b".."].contains(&&**name));
        Ok(entries)
    }

    fn entries_of_blocks(&mut self, inode: &Inode) -> Result<Vec<Entry>, Problem> {
        let block_size = self.shape.block_size as usize;
        // The index lies at the same byte in all, whatever their blocks.
        let index_block = INDEX_BLOCK * 4096 / self.shape.block_size;
        let per_block = self.shape.directory_blocks;
        let mut entries = Vec::new();
        let mut bytes: Vec<u8> = Vec::new();
        for run in self.runs(inode.number, &inode.data)? {
            for step in (0..run.blocks).take_while(|step| run.logical + step < index_block) {
                let done = bytes.len() / block_size;
                let is_next = (run.logical + step) % per_block == done as u64;
                ensure(is_next, "the directory has a hole")?;
                self.claims.claim(run.place + step)?;
                bytes.resize(bytes.len() + block_size, 0);
                let place = (run.place + step) * self.shape.block_size;
                self.image.read(place, &mut bytes[done * block_size..])?;
                if done as u64 + 1 == per_block {
                    directory::read_block(&bytes, inode.number, &mut entries)?;
                    bytes.clear();
                }
            }
        }
        ensure(bytes.is_empty() && !entries.is_empty(), "the directory has a hole")?;
        Ok(entries)
    }

    /// Puts one entry into the tree; gives the directory if it is one.
    fn entry(
        &mut self,
        directory: &Directory,
        name: &[u8],
        number: u64,
    ) -> Result<Option<Directory>, Problem> {
        let impossible = |_| Problem::Damaged("it has an impossible path");
        let path = directory.path.join(name).map_err(impossible)?;
        ensure(self.tree.get(&path).is_none(), "its name is there twice")?;
        if let Some((first, more)) = self.names.get_mut(&number) {
            let left = more.checked_sub(1);
            *more = left.ok_or(Problem::Damaged("its inode has more names than it counts"))?;
            let kind = Kind::HardLink(first.clone());
            self.insert(path, Node { meta: Meta::default(), kind })?;
            return Ok(None);
        }
        let inode = Inode::read(self.image, self.shape, number)?;
        ensure(inode.links > 0, "its inode was deleted")?;
        let node = Node { meta: self.meta(&inode)?, kind: self.kind(&inode)? };
        let is_directory = node.kind == Kind::Directory;
        if inode.links == 1 || is_directory {
            ensure(self.seen.insert(number), "its inode has another name already")?;
        } else {
            self.names.insert(number, (path.clone(), inode.links - 1));
        }
        self.insert(path.clone(), node)?;
        let parent = directory.inode.number;
        Ok(is_directory.then_some(Directory { path, parent, inode }))
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
        let Self { image, shape, claims, values, .. } = self;
        Ok(Meta {
            mode: inode.mode & !kind::MASK,
            uid: inode.uid,
            gid: inode.gid,
            mtime: inode.mtime,
            xattrs: AttributeReader { image, shape, claims, values }.read(inode)?,
        })
    }

    fn kind(&mut self, inode: &Inode) -> Result<Kind, Problem> {
        Ok(match inode.kind() {
            kind::DIRECTORY => Kind::Directory,
            kind::FILE => Kind::File(self.file(inode)?),
            kind::SYMLINK => Kind::Symlink(self.target(inode)?.into()),
            kind::CHAR_DEVICE => {
                let (major, minor) = device(&inode.data)?;
                Kind::CharDevice { major, minor }
            }
            kind::BLOCK_DEVICE => {
                let (major, minor) = device(&inode.data)?;
                Kind::BlockDevice { major, minor }
            }
            kind::FIFO => Kind::Fifo,
            kind::SOCKET => Kind::Socket,
            _ => return Err(Problem::Damaged("it is of a kind that there is not")),
        })
    }

    fn file(&mut self, inode: &Inode) -> Result<Content, Problem> {
        let runs = self.runs(inode.number, &inode.data)?;
        Ok(content(self.image, self.shape.block_size, inode.size, runs))
    }

    fn target(&mut self, inode: &Inode) -> Result<Vec<u8>, Problem> {
        let size = usize::try_from(inode.size).unwrap_or(usize::MAX);
        ensure((1..=TARGET_BYTES_MAX).contains(&size), "the link's target is impossible")?;
        let malformed = Problem::Damaged("the link's target is malformed");
        let target = if inode.data.form == Form::Local {
            inode.data.bytes.get(..size).ok_or(malformed)?.to_vec()
        } else {
            let runs = self.runs(inode.number, &inode.data)?;
            far_target(self.image, self.shape, &mut self.claims, (&runs, size))?
        };
        ensure(!target.contains(&0), "the link's target is cut off")?;
        Ok(target)
    }

    /// Where an inode's blocks are.
    fn runs(&mut self, owner: u64, fork: &Fork) -> Result<Vec<Run>, Problem> {
        let Self { image, shape, claims, .. } = self;
        RunReader { image, shape, claims, owner }.read(fork)
    }
}

/// The major and minor number, of which the kernel keeps nine and eighteen bits.
fn device(fork: &Fork) -> Result<(u32, u32), Problem> {
    ensure(fork.form == Form::Device && fork.bytes.len() >= 4, "the device has no number")?;
    let number = get32(&fork.bytes, 0);
    Ok((number >> 18 & 0x1ff, number & 0x3_ffff))
}
