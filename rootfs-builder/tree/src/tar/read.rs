//! Reads what a tar file on disk holds, leaving the contents where they are.

mod extension;

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use self::extension::Extension;
use super::fault::Fault;
use super::header::{BLOCK_BYTES, Field, Header};
use crate::content::Content;
use crate::error::Error;
use crate::node::{Kind, Meta, Node, Timestamp};
use crate::path::GuestPath;

/// Far more than any root filesystem has.
const ENTRIES_MAX: usize = 500_000;
/// Names and attributes of one member: the kernel's own limits lie below this.
const EXTENSION_BYTES_MAX: u64 = 1024 * 1024;
/// Names, link targets and attributes of all members together.
const HELD_BYTES_MAX: usize = 64 * 1024 * 1024;
/// Longer targets cannot be made by any kernel.
const LINK_TARGET_BYTES_MAX: usize = 4095;
/// Small files lie within one read of the next header.
const WINDOW_BYTES: usize = 8 * 1024;

/// A member of an archive, with what a tree has no place for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// Where it goes.
    pub path: GuestPath,
    /// What it is.
    pub node: Node,
    /// The owning user's name; empty if the archive has none.
    pub user: Box<[u8]>,
    /// The owning group's name; empty if the archive has none.
    pub group: Box<[u8]>,
    /// The value of the extended record that was asked for.
    pub record: Option<Box<[u8]>>,
}

/// Reads the members of an uncompressed tar file in order; regular files become spans of it.
///
/// Hard links keep the target they name. Memory stays bounded whatever the file holds.
pub fn read_spans(path: &Arc<Path>) -> Result<Vec<(GuestPath, Node)>, Error> {
    read_all(path, b"", |path, node, _, _| (path, node))
}

/// Reads members as [`read_spans`] does, with their owners' names and the extended record `key`.
pub fn read_members(path: &Arc<Path>, key: &[u8]) -> Result<Vec<Member>, Error> {
    read_all(path, key, |path, node, header, extension| Member {
        path,
        node,
        user: header.user_name().into(),
        group: header.group_name().into(),
        record: extension.record.clone(),
    })
}

fn read_all<T>(
    path: &Arc<Path>,
    key: &[u8],
    keep: impl Fn(GuestPath, Node, &Header, &Extension) -> T,
) -> Result<Vec<T>, Error> {
    let unreadable = |source| Error::TarFile { file: path.to_path_buf(), source };
    let file = fs_err::File::open(path.as_ref()).map_err(unreadable)?;
    let length = file.metadata().map_err(unreadable)?.len();
    let mut reader = Reader {
        path: path.clone(),
        key,
        file: file.into_file(),
        length,
        offset: 0,
        window: Vec::new(),
        window_offset: 0,
        held_bytes: 0,
    };
    let mut members = Vec::new();
    let mut global = Extension::default();
    loop {
        let offset = reader.offset;
        let mut name = String::new();
        match reader.member(&mut global, members.len(), &mut name, &keep) {
            Ok(Some(member)) => members.push(member),
            Ok(None) => return Ok(members),
            Err(source) => {
                let file = path.to_path_buf();
                return Err(Error::TarMember { file, member: name, offset, source });
            }
        }
    }
}

struct Reader<'a> {
    path: Arc<Path>,
    /// The extended record that is kept.
    key: &'a [u8],
    file: File,
    length: u64,
    /// Where the next header begins.
    offset: u64,
    window: Vec<u8>,
    window_offset: u64,
    held_bytes: usize,
}

impl Reader<'_> {
    /// Reads the next member with the extended headers before it; none at the archive's end.
    fn member<T>(
        &mut self,
        global: &mut Extension,
        count: usize,
        name: &mut String,
        keep: impl Fn(GuestPath, Node, &Header, &Extension) -> T,
    ) -> Result<Option<T>, Fault> {
        let mut local: Option<Extension> = None;
        loop {
            let Some(header) = self.header(count)? else {
                return if local.is_none() { Ok(None) } else { Err(Fault::Truncated) };
            };
            let kind = header.kind();
            if !matches!(kind, b'x' | b'g' | b'L' | b'K' | b'V') {
                let extension = local.as_ref().unwrap_or(global);
                let path = extension.path.clone().unwrap_or_else(|| header.name());
                *name = String::from_utf8_lossy(&path[..path.len().min(200)]).into_owned();
                if count == ENTRIES_MAX {
                    return Err(Fault::TooMany);
                }
                let (path, node) = self.node(&header, extension, &path)?;
                return Ok(Some(keep(path, node, &header, extension)));
            }
            let body = self.extension_body(&header)?;
            let local = match kind {
                b'g' => {
                    global.read_pax(&body, self.key)?;
                    continue;
                }
                b'V' => continue,
                _ => local.get_or_insert_with(|| global.clone()),
            };
            match kind {
                b'L' => local.path = Some(extension::until_nul(&body)),
                b'K' => local.link = Some(extension::until_nul(&body)),
                _ => local.read_pax(&body, self.key)?,
            }
        }
    }

    /// Reads the header at the current place and steps over it.
    fn header(&mut self, count: usize) -> Result<Option<Header>, Fault> {
        let left = self.length.saturating_sub(self.offset);
        // Some writers leave out the blocks of zeros that end an archive.
        if left == 0 && count > 0 {
            return Ok(None);
        }
        if left < BLOCK_BYTES as u64 {
            return Err(Fault::Truncated);
        }
        let start = self.offset.wrapping_sub(self.window_offset);
        if start.saturating_add(BLOCK_BYTES as u64) > self.window.len() as u64 {
            let length = left.min(WINDOW_BYTES as u64);
            self.window.resize(usize::try_from(length).unwrap_or(BLOCK_BYTES), 0);
            self.file.read_exact_at(&mut self.window, self.offset)?;
            self.window_offset = self.offset;
        }
        let start = usize::try_from(self.offset - self.window_offset).unwrap_or(0);
        let mut header = Header([0; BLOCK_BYTES]);
        header.0.copy_from_slice(&self.window[start..start + BLOCK_BYTES]);
        if header.is_zero() {
            return Ok(None);
        }
        if !header.checksum_fits() {
            return Err(Fault::Checksum);
        }
        self.offset += BLOCK_BYTES as u64;
        Ok(Some(header))
    }

    /// Reads the records or the name that an extended header carries.
    fn extension_body(&mut self, header: &Header) -> Result<Vec<u8>, Fault> {
        let size = number(header.get(Field::Size), Field::Size)?;
        if size > EXTENSION_BYTES_MAX {
            return Err(Fault::ExtensionTooLarge(size));
        }
        let offset = self.skip(size)?;
        let mut body = vec![0; usize::try_from(size).unwrap_or(0)];
        self.file.read_exact_at(&mut body, offset)?;
        Ok(body)
    }

    /// Steps over the content at the current place and returns where it begins.
    fn skip(&mut self, size: u64) -> Result<u64, Fault> {
        let offset = self.offset;
        let end = offset.checked_add(size).filter(|end| *end <= self.length);
        let end = end.ok_or(Fault::Truncated)?;
        // Only the last member may lack its padding.
        self.offset = end.next_multiple_of(BLOCK_BYTES as u64).min(self.length);
        Ok(offset)
    }

    fn node(
        &mut self,
        header: &Header,
        extension: &Extension,
        name: &[u8],
    ) -> Result<(GuestPath, Node), Fault> {
        if extension.is_sparse {
            return Err(Fault::Sparse);
        }
        let meta = meta(header, extension)?;
        let link = extension.link.as_deref().unwrap_or_else(|| header.link_name());
        self.hold(name.len() + link.len() + extension.held_bytes())?;
        let device = || -> Result<(u32, u32), Fault> {
            let read = |field| number(header.get(field), field);
            Ok((read(Field::Major)?, read(Field::Minor)?))
        };
        let kind = match header.kind() {
            b'0' | b'\0' | b'7' => self.file_or_directory(header, extension, name)?,
            b'1' => Kind::HardLink(GuestPath::new(link_target(link)?)?),
            b'2' => Kind::Symlink(link_target(link)?.into()),
            b'3' => device().map(|(major, minor)| Kind::CharDevice { major, minor })?,
            b'4' => device().map(|(major, minor)| Kind::BlockDevice { major, minor })?,
            b'5' => Kind::Directory,
            b'6' => Kind::Fifo,
            b'S' => return Err(Fault::Sparse),
            other => return Err(Fault::Type(char::from(other))),
        };
        Ok((GuestPath::new(name)?, Node { meta, kind }))
    }

    fn file_or_directory(
        &mut self,
        header: &Header,
        extension: &Extension,
        name: &[u8],
    ) -> Result<Kind, Fault> {
        let length = match extension.size {
            Some(size) => size,
            None => number(header.get(Field::Size), Field::Size)?,
        };
        // Before directories had a type of their own, a slash marked them.
        if name.ends_with(b"/") {
            return if length == 0 { Ok(Kind::Directory) } else { Err(Fault::DirectoryContent) };
        }
        let offset = self.skip(length)?;
        Ok(Kind::File(Content::Span { file: self.path.clone(), offset, length }))
    }

    fn hold(&mut self, bytes: usize) -> Result<(), Fault> {
        self.held_bytes += bytes;
        if self.held_bytes > HELD_BYTES_MAX { Err(Fault::TooMany) } else { Ok(()) }
    }
}

fn meta(header: &Header, extension: &Extension) -> Result<Meta, Fault> {
    let mode: u64 = number(header.get(Field::Mode), Field::Mode)?;
    let owner = |extended: Option<u32>, field| match extended {
        Some(id) => Ok(id),
        None => number(header.get(field), field),
    };
    let mtime = match extension.mtime {
        Some(mtime) => mtime,
        None => Timestamp::from_seconds(number(header.get(Field::Mtime), Field::Mtime)?),
    };
    Ok(Meta {
        // Some writers add the bits of the file type.
        mode: (mode & 0o7777) as u16,
        uid: owner(extension.uid, Field::Uid)?,
        gid: owner(extension.gid, Field::Gid)?,
        mtime,
        xattrs: extension.xattrs.clone(),
    })
}

fn number<T: TryFrom<i128>>(value: Option<i128>, field: Field) -> Result<T, Fault> {
    let value = value.ok_or(Fault::Number(field.name()))?;
    T::try_from(value).map_err(|_| Fault::Number(field.name()))
}

fn link_target(target: &[u8]) -> Result<&[u8], Fault> {
    let is_sound =
        !target.is_empty() && target.len() <= LINK_TARGET_BYTES_MAX && !target.contains(&0);
    if is_sound { Ok(target) } else { Err(Fault::LinkTarget) }
}
