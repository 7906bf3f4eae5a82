//! Reads what a cpio file on disk holds, leaving the contents where they are.

use std::collections::BTreeMap;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use super::fault::Fault;
use super::format::{
    ALIGNMENT_BYTES, HEADER_BYTES, Header, LINK_TARGET_BYTES_MAX, NAME_BYTES_MAX, TRAILER,
    TYPE_BLOCK_DEVICE, TYPE_CHAR_DEVICE, TYPE_DIRECTORY, TYPE_FIFO, TYPE_FILE, TYPE_SOCKET,
    TYPE_SYMLINK,
};
use super::window::Window;
use crate::content::Content;
use crate::error::Error;
use crate::node::{Kind, Meta, Node, Timestamp};
use crate::path::GuestPath;

/// Far more than any root filesystem has.
const ENTRIES_MAX: usize = 500_000;
/// Names and link targets of all members together.
const HELD_BYTES_MAX: usize = 64 * 1024 * 1024;
const BUFFER_BYTES: usize = 64 * 1024;

/// How much more several archives may hold together.
#[derive(Debug)]
pub struct Budget {
    entries: usize,
    bytes: usize,
}

impl Default for Budget {
    fn default() -> Self {
        Self { entries: ENTRIES_MAX, bytes: HELD_BYTES_MAX }
    }
}

/// One archive of a file.
#[derive(Debug)]
pub struct Archive {
    /// The members in order; hard links name the first of their names.
    pub entries: Vec<(GuestPath, Node)>,
    /// Where the archive ends, zeros after its trailer not included.
    pub end: u64,
}

/// Reads the members of an uncompressed cpio file in order; regular files become spans of it.
///
/// Archives that follow the first, after any number of zeros, are read as well.
/// Memory stays bounded whatever the file holds.
pub fn read_spans(path: &Arc<Path>) -> Result<Vec<(GuestPath, Node)>, Error> {
    read_spans_within(path, &mut Budget::default())
}

/// Reads as `read_spans` does what together with other files must stay within a budget.
pub fn read_spans_within(
    path: &Arc<Path>,
    budget: &mut Budget,
) -> Result<Vec<(GuestPath, Node)>, Error> {
    let mut reader = Reader::open(path)?;
    let mut entries = Vec::new();
    let mut offset = 0;
    loop {
        let archive = reader.archive(offset, budget)?;
        entries.extend(archive.entries);
        let unreadable = |source| reader_error(path, archive.end, source);
        match reader.window.skip_zeros(archive.end).map_err(unreadable)? {
            Some(next) => offset = next,
            None => return Ok(entries),
        }
    }
}

/// Reads the archive that begins at `offset` of a file.
pub fn read_archive(path: &Arc<Path>, offset: u64, budget: &mut Budget) -> Result<Archive, Error> {
    Reader::open(path)?.archive(offset, budget)
}

struct Reader {
    path: Arc<Path>,
    window: Window,
    /// Where the next header begins.
    offset: u64,
}

impl Reader {
    fn open(path: &Arc<Path>) -> Result<Self, Error> {
        let unreadable = |source| Error::CpioFile { file: path.to_path_buf(), source };
        let file = fs_err::File::open(path.as_ref()).map_err(unreadable)?;
        let length = file.metadata().map_err(unreadable)?.len();
        Ok(Self { path: path.clone(), window: Window::new(file.into_file(), length), offset: 0 })
    }

    fn archive(&mut self, offset: u64, budget: &mut Budget) -> Result<Archive, Error> {
        if !offset.is_multiple_of(ALIGNMENT_BYTES) {
            return Err(reader_error(&self.path, offset, Fault::Alignment));
        }
        self.offset = offset;
        let mut members = Members::default();
        loop {
            let offset = self.offset;
            let mut name = Vec::new();
            match self.member(&mut name, budget, &mut members) {
                Ok(true) => {}
                Ok(false) => return Ok(Archive { entries: members.entries, end: self.offset }),
                Err(source) => {
                    let member = String::from_utf8_lossy(&name[..name.len().min(200)]).into_owned();
                    let file = self.path.to_path_buf();
                    return Err(Error::CpioMember { file, member, offset, source });
                }
            }
        }
    }

    /// Reads the next member; whether there was one, and not the trailer.
    fn member(
        &mut self,
        name: &mut Vec<u8>,
        budget: &mut Budget,
        members: &mut Members,
    ) -> Result<bool, Fault> {
        let mut bytes = [0; HEADER_BYTES];
        bytes.copy_from_slice(self.window.get(self.offset, HEADER_BYTES)?);
        let header = Header::parse(&bytes)?;
        self.offset += HEADER_BYTES as u64;
        *name = self.name(header.name_bytes)?;
        let start = self.skip(header.size)?;
        if name == TRAILER {
            return Ok(false);
        }
        let kind = self.kind(&header, start)?;
        let target_bytes = if header.kind() == TYPE_SYMLINK { header.size as usize } else { 0 };
        budget.bytes = budget.bytes.checked_sub(name.len() + target_bytes).ok_or(Fault::TooMany)?;
        budget.entries = budget.entries.checked_sub(1).ok_or(Fault::TooMany)?;
        let meta = Meta {
            mode: (header.mode & 0o7777) as u16,
            uid: header.uid,
            gid: header.gid,
            mtime: Timestamp::from_seconds(i64::from(header.mtime)),
            xattrs: BTreeMap::new(),
        };
        members.add(GuestPath::new(&name)?, Node { meta, kind }, &header);
        Ok(true)
    }

    /// Reads a name, which ends with its only NUL byte.
    fn name(&mut self, size: u32) -> Result<Vec<u8>, Fault> {
        if !(2..=NAME_BYTES_MAX).contains(&size) {
            return Err(Fault::Name);
        }
        let bytes = self.window.get(self.offset, size as usize)?;
        let Some((0, name)) = bytes.split_last() else { return Err(Fault::Name) };
        if name.contains(&0) {
            return Err(Fault::Name);
        }
        let name = name.to_vec();
        self.skip(size)?;
        Ok(name)
    }

    /// Steps over a name or content and what fills it up; returns where it begins.
    fn skip(&mut self, size: u32) -> Result<u64, Fault> {
        let start = self.offset;
        // Archives begin at a multiple of the alignment, too.
        let end = (start + u64::from(size)).next_multiple_of(ALIGNMENT_BYTES);
        if end > self.window.length() {
            return Err(Fault::Truncated);
        }
        self.offset = end;
        Ok(start)
    }

    fn kind(&mut self, header: &Header, offset: u64) -> Result<Kind, Fault> {
        let (major, minor) = (header.major, header.minor);
        let kind = match header.kind() {
            TYPE_FILE => {
                self.check_sum(header, offset)?;
                let length = u64::from(header.size);
                return Ok(Kind::File(Content::Span { file: self.path.clone(), offset, length }));
            }
            TYPE_SYMLINK => return self.link_target(header, offset).map(Kind::Symlink),
            TYPE_DIRECTORY => Kind::Directory,
            TYPE_CHAR_DEVICE => Kind::CharDevice { major, minor },
            TYPE_BLOCK_DEVICE => Kind::BlockDevice { major, minor },
            TYPE_FIFO => Kind::Fifo,
            TYPE_SOCKET => Kind::Socket,
            _ => return Err(Fault::Type(header.mode)),
        };
        if header.size == 0 { Ok(kind) } else { Err(Fault::Content) }
    }

    fn link_target(&mut self, header: &Header, offset: u64) -> Result<Box<[u8]>, Fault> {
        let size = header.size as usize;
        if !(1..=LINK_TARGET_BYTES_MAX).contains(&size) {
            return Err(Fault::LinkTarget);
        }
        let target = self.window.get(offset, size)?;
        if target.contains(&0) { Err(Fault::LinkTarget) } else { Ok(target.into()) }
    }

    /// Compares the sum of a file's bytes with the one in its header, if that has one.
    fn check_sum(&self, header: &Header, offset: u64) -> Result<(), Fault> {
        let Some(expected) = header.checksum.filter(|_| header.size > 0) else { return Ok(()) };
        let mut buffer = vec![0; BUFFER_BYTES];
        let (mut sum, mut position) = (0u32, offset);
        let end = offset + u64::from(header.size);
        while position < end {
            let count = (end - position).min(BUFFER_BYTES as u64) as usize;
            self.window.file().read_exact_at(&mut buffer[..count], position)?;
            let add = |sum: u32, byte: &u8| sum.wrapping_add(u32::from(*byte));
            sum = buffer[..count].iter().fold(sum, add);
            position += count as u64;
        }
        if sum == expected { Ok(()) } else { Err(Fault::Checksum) }
    }
}

/// What was read, with the names of each file brought together.
#[derive(Default)]
struct Members {
    entries: Vec<(GuestPath, Node)>,
    /// The first name of each file that has several, by type, device and inode number.
    groups: BTreeMap<(u32, u32, u32, u32), usize>,
}

impl Members {
    fn add(&mut self, path: GuestPath, node: Node, header: &Header) {
        if header.links < 2 || matches!(node.kind, Kind::Directory) {
            self.entries.push((path, node));
            return;
        }
        let key = (header.kind(), header.device_major, header.device_minor, header.inode);
        let Some((first_path, first)) =
            self.groups.get(&key).and_then(|first| self.entries.get_mut(*first))
        else {
            self.groups.insert(key, self.entries.len());
            self.entries.push((path, node));
            return;
        };
        // Only one of the names comes with the content, mostly the last.
        match (&first.kind, &node.kind) {
            (Kind::File(_), Kind::File(_)) if header.size > 0 => *first = node,
            (Kind::File(_), Kind::File(_)) => first.meta = node.meta,
            (first, other) if first == other => {}
            _ => {
                self.entries.push((path, node));
                return;
            }
        }
        if *first_path != path {
            let kind = Kind::HardLink(first_path.clone());
            self.entries.push((path, Node { meta: Meta::default(), kind }));
        }
    }
}

fn reader_error(path: &Path, offset: u64, source: Fault) -> Error {
    Error::CpioMember { file: path.to_path_buf(), member: String::new(), offset, source }
}
