//! Reads an initrd as the kernel unpacks it.

use std::io::{BufReader, Read, Seek, SeekFrom};
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

/// Reads all archives of an initrd, the later ones over the earlier ones.
///
/// What is compressed is decompressed into files in the directory `scratch`, at most `limit` bytes
/// in all. The tree's contents lie in them and in the initrd itself.
pub fn read(path: &Arc<Path>, scratch: &Path, limit: u64) -> Result<Tree, Error> {
    let mut reader = Reader::open(path, scratch, limit)?;
    let mut tree = Tree::new();
    let mut offset = 0;
    for number in 0..=ARCHIVES_MAX {
        let Some(start) = reader.skip_zeros(offset)? else {
            return if number > 0 { Ok(tree) } else { Err(reader.no_archive(0, "no archive")) };
        };
        if number == ARCHIVES_MAX {
            break;
        }
        let (entries, end) = reader.archive(start, number)?;
        for (path, node) in entries {
            unpack(&mut tree, path, node).map_err(Error::Unpack)?;
        }
        offset = end;
    }
    Err(Error::TooMany { file: path.to_path_buf(), limit: ARCHIVES_MAX })
}

struct Reader<'a> {
    path: &'a Arc<Path>,
    file: File,
    length: u64,
    scratch: &'a Path,
    limit: u64,
    left: u64,
    budget: Budget,
}

impl<'a> Reader<'a> {
    fn open(path: &'a Arc<Path>, scratch: &'a Path, limit: u64) -> Result<Self, Error> {
        let unreadable = |source| Error::File { file: path.to_path_buf(), source };
        let file = File::open(path.as_ref()).map_err(unreadable)?;
        let length = file.metadata().map_err(unreadable)?.len();
        let budget = Budget::default();
        Ok(Self { path, file, length, scratch, limit, left: limit, budget })
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

    /// Reads the archive at this place, and says where it ends.
    fn archive(
        &mut self,
        offset: u64,
        number: usize,
    ) -> Result<(Vec<(GuestPath, Node)>, u64), Error> {
        let mut magic = vec![0; (self.length - offset).min(MAGIC_BYTES_MAX) as usize];
        let read = self.file.file().read_exact_at(&mut magic, offset);
        read.map_err(|error| self.unreadable(error))?;
        match Kind::of(&magic) {
            Kind::Known(Compression::None) => {
                let archive = cpio::read_archive(self.path, offset, &mut self.budget);
                archive.map(|archive| (archive.entries, archive.end)).map_err(Error::Unpack)
            }
            Kind::Known(compression) => self.compressed(compression, offset, number),
            Kind::Other(found) => Err(self.no_archive(offset, found)),
        }
    }

    fn compressed(
        &mut self,
        compression: Compression,
        offset: u64,
        number: usize,
    ) -> Result<(Vec<(GuestPath, Node)>, u64), Error> {
        let path: Arc<Path> = self.scratch.join(format!("archive-{number}")).into();
        let unwritable = |source| Error::Scratch { file: path.to_path_buf(), source };
        let mut output = File::create_new(path.as_ref()).map_err(unwritable)?;
        let mut input = &self.file;
        input.seek(SeekFrom::Start(offset)).map_err(|error| self.unreadable(error))?;
        let mut input = BufReader::with_capacity(BUFFER_BYTES, input.take(self.length - offset));
        let mut left = self.left;
        let consumed = decompress(compression, &mut input, &mut output, &mut left);
        self.left = left;
        let file = self.path.to_path_buf();
        let consumed = consumed.map_err(|fault| match fault {
            Fault::Input(source) => Error::File { file, source },
            Fault::Damaged(source) => Error::Damaged { file, compression, offset, source },
            Fault::Output(source) => unwritable(source),
            Fault::TooLarge => Error::TooLarge { file, limit: self.limit },
        })?;
        let entries = cpio::read_spans_within(&path, &mut self.budget).map_err(Error::Unpack)?;
        Ok((entries, offset + consumed))
    }

    fn unreadable(&self, source: std::io::Error) -> Error {
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
