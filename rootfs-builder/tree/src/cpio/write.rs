//! Writes a tree as a cpio archive that depends on nothing but the tree.

use std::collections::BTreeMap;
use std::io::Write;

use super::format::{
    ALIGNMENT_BYTES, Header, LINK_TARGET_BYTES_MAX, TRAILER, TYPE_BLOCK_DEVICE, TYPE_CHAR_DEVICE,
    TYPE_DIRECTORY, TYPE_FIFO, TYPE_FILE, TYPE_SOCKET, TYPE_SYMLINK,
};
use crate::content::Content;
use crate::error::Error;
use crate::node::{Kind, Meta, Node};
use crate::output::Output;
use crate::path::GuestPath;
use crate::tree::Tree;

/// What archives are filled up to, so that another may follow.
const RECORD_BYTES: u64 = 512;

/// What becomes of extended attributes, for which the format has no place.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Xattrs {
    /// A node that has some is refused.
    #[default]
    Refuse,
    /// They are not in the archive.
    LeaveOut,
}

/// Writes a `newc` archive: names sorted and without a leading `./`, the root as `.`, inode numbers
/// in the order of the names, and of a file with several names the content with the last one,
/// where the kernel and GNU cpio want it.
///
/// Times are whole seconds from 1970 to 2106: fractions are cut off, other years are refused. Hard
/// links to symbolic links keep their inode number, but the kernel and GNU cpio make one link of
/// each name. Nothing is written if any node is refused.
pub fn write(tree: &Tree, xattrs: Xattrs, output: &mut dyn Write) -> Result<(), Error> {
    check(tree, xattrs)?;
    let mut writer = Writer { output: Output::new(output), inodes: 0, groups: BTreeMap::new() };
    for (path, node) in tree {
        writer.member(tree, path, node)?;
    }
    writer.finish()
}

/// Refuses the first node that has no form in an archive, without reading any content.
pub fn check(tree: &Tree, xattrs: Xattrs) -> Result<(), Error> {
    for (path, node) in tree {
        let inode = tree.inode(path).unwrap_or(node);
        if let Some(reason) = refusal(path, inode, xattrs) {
            return Err(Error::NotInCpio { path: path.clone(), reason });
        }
    }
    Ok(())
}

struct Writer<'a> {
    output: Output<'a>,
    inodes: u32,
    /// The inode numbers of files with several names, by their first.
    groups: BTreeMap<GuestPath, u32>,
}

impl Writer<'_> {
    fn member(&mut self, tree: &Tree, path: &GuestPath, node: &Node) -> Result<(), Error> {
        let inode = tree.inode(path).unwrap_or(node);
        let names = tree.names(path);
        let mut header = header(&inode.meta, &inode.kind);
        header.inode = self.number(&names, path);
        header.links = if header.kind() == TYPE_DIRECTORY { 2 } else { names.len() as u32 };
        match &inode.kind {
            Kind::File(content) if names.last() == Some(&path) => {
                header.size = size(content);
                self.header(header, path.as_bytes())?;
                self.output.content(path, content)?;
                self.output.pad(ALIGNMENT_BYTES)
            }
            Kind::Symlink(target) => {
                header.size = target.len() as u32;
                self.header(header, path.as_bytes())?;
                self.output.bytes(target)?;
                self.output.pad(ALIGNMENT_BYTES)
            }
            _ if path.is_root() => self.header(header, b"."),
            _ => self.header(header, path.as_bytes()),
        }
    }

    fn header(&mut self, mut header: Header, name: &[u8]) -> Result<(), Error> {
        header.name_bytes = name.len() as u32 + 1;
        self.output.bytes(&header.to_bytes())?;
        self.output.bytes(name)?;
        self.output.zeros(1)?;
        self.output.pad(ALIGNMENT_BYTES)
    }

    /// The next inode number, or that of the other names of this file.
    fn number(&mut self, names: &[&GuestPath], path: &GuestPath) -> u32 {
        if let [first, _, ..] = names
            && *first != path
            && let Some(number) = self.groups.get(*first)
        {
            return *number;
        }
        self.inodes += 1;
        if names.len() > 1 {
            self.groups.insert(path.clone(), self.inodes);
        }
        self.inodes
    }

    fn finish(mut self) -> Result<(), Error> {
        self.header(Header { links: 1, ..Header::default() }, TRAILER)?;
        self.output.pad(RECORD_BYTES)?;
        self.output.finish()
    }
}

/// Why a node has no form in an archive.
fn refusal(path: &GuestPath, inode: &Node, xattrs: Xattrs) -> Option<&'static str> {
    let is_long = |target: &[u8]| target.is_empty() || target.len() > LINK_TARGET_BYTES_MAX;
    match &inode.kind {
        Kind::File(content) if u32::try_from(content.length()).is_err() => {
            return Some("it has 4 GiB or more");
        }
        Kind::Symlink(target) if is_long(target) || target.contains(&0) => {
            return Some("its target is empty, longer than 4095 bytes, or holds a NUL byte");
        }
        _ => {}
    }
    if path.as_bytes() == TRAILER {
        return Some("archives end with this name");
    }
    if u32::try_from(inode.meta.mtime.seconds).is_err() {
        return Some("its time is before 1970 or after 2106");
    }
    if xattrs == Xattrs::Refuse && !inode.meta.xattrs.is_empty() {
        return Some("it has extended attributes");
    }
    None
}

/// All that a header says about an inode itself.
fn header(meta: &Meta, kind: &Kind) -> Header {
    let (kind, (major, minor)) = match kind {
        Kind::Directory => (TYPE_DIRECTORY, (0, 0)),
        // An inode is never a hard link.
        Kind::File(_) | Kind::HardLink(_) => (TYPE_FILE, (0, 0)),
        Kind::Symlink(_) => (TYPE_SYMLINK, (0, 0)),
        Kind::CharDevice { major, minor } => (TYPE_CHAR_DEVICE, (*major, *minor)),
        Kind::BlockDevice { major, minor } => (TYPE_BLOCK_DEVICE, (*major, *minor)),
        Kind::Fifo => (TYPE_FIFO, (0, 0)),
        Kind::Socket => (TYPE_SOCKET, (0, 0)),
    };
    Header {
        mode: kind | u32::from(meta.mode),
        uid: meta.uid,
        gid: meta.gid,
        mtime: u32::try_from(meta.mtime.seconds).unwrap_or(0),
        major,
        minor,
        ..Header::default()
    }
}

/// The size of a content that was checked before.
fn size(content: &Content) -> u32 {
    u32::try_from(content.length()).unwrap_or(u32::MAX)
}
