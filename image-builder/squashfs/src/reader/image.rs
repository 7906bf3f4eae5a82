//! The file that holds the filesystem, and what its superblock says.

use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use super::fields::Fields;
use crate::codec::Expander;
use crate::error::Fault;
use crate::format::NO_TABLE;
use crate::format::superblock::{Invalid, SUPERBLOCK_BYTES, Superblock};

/// A filesystem in a file, opened.
#[derive(Debug)]
pub(crate) struct Image {
    pub path: PathBuf,
    pub superblock: Superblock,
    file: fs_err::File,
    offset: u64,
    /// Expanders that nobody uses now.
    expanders: Mutex<Vec<Expander>>,
}

impl Image {
    pub(crate) fn open(path: &Path, offset: u64) -> Result<Self, Fault> {
        let file = fs_err::File::open(path)?;
        let length = file.metadata()?.len().checked_sub(offset).ok_or(Fault::Magic)?;
        let mut bytes = [0; SUPERBLOCK_BYTES];
        if length < SUPERBLOCK_BYTES as u64 {
            return Err(Fault::Magic);
        }
        file.file().read_exact_at(&mut bytes, offset)?;
        let superblock = Superblock::from_bytes(&bytes).map_err(|invalid| match invalid {
            Invalid::Magic => Fault::Magic,
            Invalid::Version(major, minor) => Fault::Version(major, minor),
            Invalid::BlockSize => Fault::Corrupt("the sizes of a block contradict each other"),
        })?;
        if superblock.bytes_used > length {
            return Err(Fault::Corrupt("the file is shorter than the filesystem"));
        }
        let expanders = Mutex::new(vec![Expander::new(superblock.algorithm)?]);
        Ok(Self { path: path.to_owned(), superblock, file, offset, expanders })
    }

    /// Reads some bytes of the filesystem.
    pub(crate) fn read(&self, at: u64, length: usize) -> Result<Vec<u8>, Fault> {
        let end = at.checked_add(length as u64).filter(|end| *end <= self.superblock.bytes_used);
        end.ok_or(Fault::Corrupt("something lies beyond the end"))?;
        let mut bytes = vec![0; length];
        // As the file is at least as long, this does not overflow.
        self.file.file().read_exact_at(&mut bytes, self.offset + at)?;
        Ok(bytes)
    }

    /// Decompresses a block that lies at `at`, into at most `limit` bytes.
    pub(crate) fn expand(&self, bytes: &[u8], at: u64, limit: usize) -> Result<Vec<u8>, Fault> {
        let idle = || self.expanders.lock().unwrap_or_else(PoisonError::into_inner);
        let taken = idle().pop();
        let mut expander = match taken {
            Some(expander) => expander,
            None => Expander::new(self.superblock.algorithm)?,
        };
        let mut buffer = vec![0; limit];
        let length = expander
            .expand(bytes, &mut buffer)
            .map_err(|source| Fault::Decompress { at, source })?;
        idle().push(expander);
        buffer.truncate(length);
        Ok(buffer)
    }

    /// Where the table of directories ends: where the next table begins that is there.
    ///
    /// The order of the tables is fixed, but only a list of blocks says where the next begins.
    pub(crate) fn end_of_directories(&self) -> Result<u64, Fault> {
        let superblock = &self.superblock;
        let has_fragments = superblock.fragment_count > 0;
        let candidates = [
            has_fragments.then_some(superblock.fragment_table),
            (superblock.export_table != NO_TABLE).then_some(superblock.export_table),
            Some(superblock.owner_table),
        ];
        let list = candidates.into_iter().flatten().find(|list| *list > superblock.directory_table);
        let list = list.ok_or(Fault::Corrupt("tables are not in order"))?;
        Fields(&self.read(list, 8)?).long()
    }
}
