//! Reads an initrd as the kernel unpacks it.

use std::io::{self, BufReader, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use fs_err::File;
use tree::cpio::{self, Budget};
use tree::{GuestPath, Kind as NodeKind, Node, Tree};

use crate::compression::Compression;
use crate::decompress::{Fault, Kind, decompress};
use crate::error::Error;

/// More archives than anyone puts into one file.
const ARCHIVES_MAX: usize = 64;
const BUFFER_BYTES: usize = 256 * 1024;
const MAGIC_BYTES_MAX: u64 = 6;

/// One archive of an initrd.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member {
    /// Where it begins.
    pub offset: u64,
    /// How it is compressed.
    pub compression: Compression,
    /// How many bytes it takes.
    pub stored_bytes: u64,
    /// How many bytes it has once it is decompressed.
    pub plain_bytes: u64,
}

/// Reads all archives of an initrd, the later ones over the earlier ones.
///
/// What is compressed is decompressed into files in the directory `scratch`, at most `limit` bytes
/// in all. The tree's contents lie in them and in the initrd itself.
pub fn read(path: &Arc<Path>, scratch: &Path, limit: u64) -> Result<Tree, Error> {
    let mut reader = Reader::open(path, limit)?;
    let mut tree = Tree::new();
    let mut offset = 0;
    for number in 0..=ARCHIVES_MAX {
        let Some(start) = reader.skip_zeros(offset)? else {
            return if number > 0 { Ok(tree) } else { Err(reader.no_archive(0, "no archive")) };
        };
        if number == ARCHIVES_MAX {
            break;
        }
        let plain = scratch.join(format!("archive-{number}"));
        let (entries, end) = reader.archive(start, &plain.into())?;
        for (path, node) in entries {
            unpack(&mut tree, path, node).map_err(Error::Unpack)?;
        }
        offset = end;
    }
    Err(reader.too_many())
}

/// Says where the archives of an initrd lie and how each is compressed.
///
/// Where a compressed one ends is only known once it is decompressed; nothing of it is kept.
pub fn members(path: &Arc<Path>, limit: u64) -> Result<Vec<Member>, Error> {
    let mut reader = Reader::open(path, limit)?;
    let (mut members, mut offset) = (Vec::new(), 0);
    while let Some(start) = reader.skip_zeros(offset)? {
        if members.len() == ARCHIVES_MAX {
            return Err(reader.too_many());
        }
        let member = reader.member(start)?;
        offset = start + member.stored_bytes;
        members.push(member);
    }
    match members.is_empty() {
        true => Err(reader.no_archive(0, "no archive")),
        false => Ok(members),
    }
}

/// The first bytes of what the first archive decompresses to, at most so many.
pub fn head(path: &Arc<Path>, count: usize) -> Result<Vec<u8>, Error> {
    let mut reader = Reader::open(path, u64::MAX)?;
    let compression = reader.compression(0)?;
    let mut head = Head { bytes: Vec::new(), count };
    match reader.decompress(compression, 0, &mut head, path) {
        // That the head accepts no more is how decompressing is ended.
        Ok(_) | Err(Error::Scratch { .. }) => Ok(head.bytes),
        Err(error) => Err(error),
    }
}

/// Keeps the first bytes, and accepts no others.
struct Head {
    bytes: Vec<u8>,
    count: usize,
}

impl Write for Head {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = bytes.len().min(self.count - self.bytes.len());
        self.bytes.extend_from_slice(&bytes[..count]);
        if count == 0 { Err(io::ErrorKind::WriteZero.into()) } else { Ok(count) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

struct Reader<'a> {
    path: &'a Arc<Path>,
    file: File,
    length: u64,
    limit: u64,
    left: u64,
    budget: Budget,
}

impl<'a> Reader<'a> {
    fn open(path: &'a Arc<Path>, limit: u64) -> Result<Self, Error> {
        let unreadable = |source| Error::File { file: path.to_path_buf(), source };
        let file = File::open(path.as_ref()).map_err(unreadable)?;
        let length = file.metadata().map_err(unreadable)?.len();
        let budget = Budget::default();
        Ok(Self { path, file, length, limit, left: limit, budget })
    }

    /// Where the next byte that is not zero lies; none at the end.
    fn skip_zeros(&self, mut offset: u64) -> Result<Option<u64>, Error> {
        let mut buffer = vec![0; BUFFER_BYTES];
        while offset < self.length {
            let count = (self.length - offset).min(BUFFER_BYTES as u64) as usize;
            let bytes = &mut buffer[..count];
            self.file
                .file()
                .read_exact_at(bytes, offset)
                .map_err(|error| self.unreadable(error))?;
            if let Some(place) = bytes.iter().position(|byte| *byte != 0) {
                return Ok(Some(offset + place as u64));
            }
            offset += count as u64;
        }
        Ok(None)
    }

    /// Reads the archive at this place, and says where it ends; `plain` is where it goes if it is
    /// compressed.
    fn archive(
        &mut self,
        offset: u64,
        plain: &Arc<Path>,
    ) -> Result<(Vec<(GuestPath, Node)>, u64), Error> {
        match self.compression(offset)? {
            Compression::None => {
                let archive = cpio::read_archive(self.path, offset, &mut self.budget);
                archive.map(|archive| (archive.entries, archive.end)).map_err(Error::Unpack)
            }
            compression => {
                let unwritable = |source| Error::Scratch { file: plain.to_path_buf(), source };
                let mut output = File::create_new(plain.as_ref()).map_err(unwritable)?;
                let stored = self.decompress(compression, offset, &mut output, plain)?;
                let entries = cpio::read_spans_within(plain, &mut self.budget);
                Ok((entries.map_err(Error::Unpack)?, offset + stored))
            }
        }
    }

    /// Says what the archive at this place is, and keeps nothing of it.
    fn member(&mut self, offset: u64) -> Result<Member, Error> {
        let compression = self.compression(offset)?;
        if compression == Compression::None {
            let archive = cpio::read_archive(self.path, offset, &mut self.budget);
            let bytes = archive.map_err(Error::Unpack)?.end - offset;
            return Ok(Member { offset, compression, stored_bytes: bytes, plain_bytes: bytes });
        }
        let before = self.left;
        let stored_bytes = self.decompress(compression, offset, &mut io::sink(), self.path)?;
        Ok(Member { offset, compression, stored_bytes, plain_bytes: before - self.left })
    }

    fn compression(&self, offset: u64) -> Result<Compression, Error> {
        let mut magic = vec![0; (self.length - offset).min(MAGIC_BYTES_MAX) as usize];
        let read = self.file.file().read_exact_at(&mut magic, offset);
        read.map_err(|error| self.unreadable(error))?;
        match Kind::of(&magic) {
            Kind::Known(compression) => Ok(compression),
            Kind::Other(found) => Err(self.no_archive(offset, found)),
        }
    }

    /// Decompresses the archive at this place to `output`, which is at `place`, and says how many
    /// bytes it takes in the initrd.
    fn decompress(
        &mut self,
        compression: Compression,
        offset: u64,
        output: &mut dyn Write,
        place: &Path,
    ) -> Result<u64, Error> {
        let mut input = &self.file;
        input.seek(SeekFrom::Start(offset)).map_err(|error| self.unreadable(error))?;
        let mut input = BufReader::with_capacity(BUFFER_BYTES, input.take(self.length - offset));
        let mut left = self.left;
        let consumed = decompress(compression, &mut input, output, &mut left);
        self.left = left;
        let file = self.path.to_path_buf();
        consumed.map_err(|fault| match fault {
            Fault::Input(source) => Error::File { file, source },
            Fault::Damaged(source) => Error::Damaged { file, compression, offset, source },
            Fault::Output(source) => Error::Scratch { file: place.to_path_buf(), source },
            Fault::TooLarge => Error::TooLarge { file, limit: self.limit },
        })
    }

    fn too_many(&self) -> Error {
        Error::TooMany { file: self.path.to_path_buf(), limit: ARCHIVES_MAX }
    }

    fn unreadable(&self, source: io::Error) -> Error {
        Error::File { file: self.path.to_path_buf(), source }
    }

    fn no_archive(&self, offset: u64, found: &'static str) -> Error {
        Error::NoArchive { file: self.path.to_path_buf(), offset, found }
    }
}

/// Puts one member over what is there, as the kernel does.
fn unpack(tree: &mut Tree, path: GuestPath, mut node: Node) -> Result<(), tree::Error> {
    let path = tree.resolve_parents(&path)?;
    // A file is written into the file that is there, whatever other names that has.
    if let NodeKind::File(content) = &node.kind
        && let Some(old) = tree.content_mut(&path)
    {
        *old = content.clone();
        if let Some(meta) = tree.meta_mut(&path) {
            *meta = node.meta;
        }
        return Ok(());
    }
    if let NodeKind::HardLink(target) = &mut node.kind {
        *target = tree.resolve_parents(target)?;
    }
    tree.insert(path, node)
}
