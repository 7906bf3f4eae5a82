//! What one inode looks like: its form, and how its content is stored.

use tree::{GuestPath, Kind, Meta, Node};

use crate::error::Error;
use crate::format::{BLOCK_BYTES, InodeRecord, MAP_HEADER_BYTES, directory};
use crate::options::Options;
use crate::plan::inventory::{Found, Name};
use crate::plan::layout::BATCH_BLOCKS;
use crate::plan::sparse::{self, Sparse};

/// An inode and where it lies.
#[derive(Debug)]
pub(crate) struct Inode<'a> {
    pub path: &'a GuestPath,
    pub node: &'a Node,
    pub links: u32,
    /// For a directory, its place in the list of them.
    pub directory: Option<usize>,
    pub is_extended: bool,
    pub size: u64,
    pub shape: Shape,
    pub attribute_bytes: usize,
    /// Where the inode begins, in bytes from the first metadata block.
    pub position: u64,
    /// Where its blocks begin, unless it is compressed.
    pub block: u64,
}

/// How the content of an inode is stored.
#[derive(Debug)]
pub(crate) enum Shape {
    /// There is none, but perhaps a device number.
    Nothing(u32),
    /// Whole blocks.
    Plain,
    /// Whole blocks, and the rest behind the inode.
    Inline,
    /// Chunks, some of which are holes.
    Sparse(Sparse),
    /// Compressed clusters.
    Clusters,
}

impl Inode<'_> {
    /// The meta of the node.
    pub(crate) fn meta(&self) -> &Meta {
        &self.node.meta
    }

    /// How many bytes the inode takes without attributes.
    pub(crate) fn head_bytes(&self) -> usize {
        if self.is_extended { InodeRecord::EXTENDED_BYTES } else { InodeRecord::COMPACT_BYTES }
    }

    /// Where, from the inode's beginning, the tail or the map begins.
    pub(crate) fn trailer_offset(&self) -> usize {
        let end = self.head_bytes() + self.attribute_bytes;
        match self.shape {
            // The index is preceded by a header and as many unused bytes.
            Shape::Clusters => end.next_multiple_of(8) + 2 * MAP_HEADER_BYTES,
            Shape::Nothing(_) | Shape::Plain | Shape::Inline | Shape::Sparse(_) => end,
        }
    }

    /// How many bytes of metadata the inode takes with all that stands behind it.
    pub(crate) fn record_bytes(&self) -> usize {
        self.trailer_offset()
            + match &self.shape {
                Shape::Nothing(_) | Shape::Plain => 0,
                Shape::Inline => self.tail_bytes(),
                Shape::Sparse(sparse) => sparse.chunks() as usize * 4,
                Shape::Clusters => self.size.div_ceil(BLOCK_BYTES as u64) as usize * 8,
            }
    }

    /// How many blocks of its own the inode has; of compressed ones that is not known.
    pub(crate) fn own_blocks(&self) -> u64 {
        match &self.shape {
            Shape::Nothing(_) | Shape::Clusters => 0,
            Shape::Plain => self.size.div_ceil(BLOCK_BYTES as u64),
            Shape::Inline => self.size / BLOCK_BYTES as u64,
            Shape::Sparse(sparse) => sparse.stored_blocks(),
        }
    }

    /// How many bytes there are past the last whole block.
    pub(crate) fn tail_bytes(&self) -> usize {
        (self.size % BLOCK_BYTES as u64) as usize
    }

    /// Whether the content is so large that several threads write it.
    pub(crate) fn is_large(&self) -> bool {
        self.own_blocks() >= BATCH_BLOCKS || matches!(self.shape, Shape::Sparse(_))
    }

    /// The mode with the bits of the kind, and the kind's number in directory entries.
    pub(crate) fn mode_and_kind(&self) -> (u16, u8) {
        let (bits, kind) = match self.node.kind {
            // A hard link is no inode; it stands here as the file that it names.
            Kind::File(_) | Kind::HardLink(_) => (0o100_000, 1),
            Kind::Directory => (0o040_000, 2),
            Kind::CharDevice { .. } => (0o020_000, 3),
            Kind::BlockDevice { .. } => (0o060_000, 4),
            Kind::Fifo => (0o010_000, 5),
            Kind::Socket => (0o140_000, 6),
            Kind::Symlink(_) => (0o120_000, 7),
        };
        (bits | self.meta().mode & 0o7777, kind)
    }
}

/// Decides what an inode looks like; `names` are those of a directory.
pub(crate) fn decide<'a>(
    found: &Found<'a>,
    names: Option<&[Name]>,
    attribute_bytes: usize,
    options: &Options,
) -> Result<Inode<'a>, Error> {
    let refused = |reason| Error::NotInErofs { path: found.path.clone(), reason };
    if found.node.meta.mtime.nanoseconds >= 1_000_000_000 {
        return Err(refused("its time has more than a second of nanoseconds"));
    }
    let size = match &found.node.kind {
        Kind::Directory => {
            directory::bytes_of(names.into_iter().flatten().map(|name| name.bytes.len()))
        }
        Kind::File(content) => content.length(),
        Kind::Symlink(target) => link_size(target).map_err(refused)?,
        _ => 0,
    };
    if size > i64::MAX as u64 {
        return Err(refused("its size is beyond what a file can have"));
    }
    let mut inode = Inode {
        path: found.path,
        node: found.node,
        links: found.links,
        directory: found.directory,
        is_extended: needs_extended(found, size, options),
        size,
        shape: Shape::Plain,
        attribute_bytes,
        position: 0,
        block: 0,
    };
    inode.shape = shape(&inode, options)?;
    Ok(inode)
}

fn link_size(target: &[u8]) -> Result<u64, &'static str> {
    match target.len() {
        0 => Err("a symbolic link leads nowhere"),
        // The kernel reads links into one page.
        length if length >= BLOCK_BYTES => Err("a symbolic link has at most 4095 bytes"),
        _ if target.contains(&0) => Err("a symbolic link holds a NUL byte"),
        length => Ok(length as u64),
    }
}

fn needs_extended(found: &Found, size: u64, options: &Options) -> bool {
    let meta = &found.node.meta;
    let is_wide = meta.uid.max(meta.gid).max(found.links) > u32::from(u16::MAX);
    let is_build_time = meta.mtime == tree::Timestamp::from_seconds(options.time);
    is_wide || size > u64::from(u32::MAX) || !is_build_time
}

fn shape(inode: &Inode, options: &Options) -> Result<Shape, Error> {
    let is_file = match &inode.node.kind {
        Kind::CharDevice { major, minor } | Kind::BlockDevice { major, minor } => {
            return device(inode, *major, *minor).map(Shape::Nothing);
        }
        Kind::Fifo | Kind::Socket => return Ok(Shape::Nothing(0)),
        Kind::File(content) => {
            let path = || inode.path.clone();
            let sparse =
                sparse::find(content).map_err(|source| Error::Content { path: path(), source })?;
            if let Some(sparse) = sparse {
                return Ok(Shape::Sparse(sparse));
            }
            true
        }
        Kind::Directory | Kind::Symlink(_) | Kind::HardLink(_) => false,
    };
    if is_file && options.compression.is_some() && inode.size > BLOCK_BYTES as u64 {
        return Ok(Shape::Clusters);
    }
    let tail = inode.tail_bytes();
    let fits = inode.head_bytes() + inode.attribute_bytes + tail <= BLOCK_BYTES;
    let may_be_inline = options.inline_tails || !is_file;
    Ok(if tail > 0 && fits && may_be_inline { Shape::Inline } else { Shape::Plain })
}

/// A device number as the kernel packs it: the low byte of the minor number comes first.
fn device(inode: &Inode, major: u32, minor: u32) -> Result<u32, Error> {
    if major >= 1 << 12 || minor >= 1 << 20 {
        let reason = "device numbers go to 4095 and 1048575";
        return Err(Error::NotInErofs { path: inode.path.clone(), reason });
    }
    Ok((minor & 0xff) | (major << 8) | ((minor & !0xff) << 12))
}
