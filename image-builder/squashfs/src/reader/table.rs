//! A table of metadata, decompressed.

use std::collections::HashMap;

use super::fields::Fields;
use super::image::Image;
use crate::error::Fault;
use crate::format::{METADATA_BYTES, METADATA_IS_STORED, Place};

/// Any table of a sensible filesystem may have so many bytes, decompressed.
const BYTES_ALWAYS: usize = 48 << 20;
/// A larger one may have so many for each on disk: no names or inodes of files shrink to less.
const BYTES_FOR_EACH: usize = 64;

/// A table of metadata, decompressed.
#[derive(Debug, Default)]
pub(crate) struct Table {
    bytes: Vec<u8>,
    /// Where the block that begins there on disk begins in the bytes.
    blocks: HashMap<u64, usize>,
    /// How many bytes may still be used: what is used twice is no tree.
    unused: usize,
}

impl Table {
    /// Decompresses the blocks that lie between two places of the image.
    pub(crate) fn read(image: &Image, start: u64, end: u64) -> Result<Self, Fault> {
        let length = end.checked_sub(start).ok_or(Fault::Corrupt("tables are not in order"))?;
        let length = usize::try_from(length).map_err(|_| Fault::Corrupt("a table is too large"))?;
        let disk = image.read(start, length)?;
        let limit = BYTES_ALWAYS.max(length.saturating_mul(BYTES_FOR_EACH));
        let mut table = Self::default();
        let mut rest = Fields(&disk);
        while !rest.0.is_empty() {
            let at = (disk.len() - rest.0.len()) as u64;
            table.blocks.insert(at, table.bytes.len());
            let block = next_block(image, start + at, &mut rest)?;
            table.bytes.extend_from_slice(&block);
            if table.bytes.len() > limit {
                return Err(Fault::Corrupt("a table holds more than fits into memory"));
            }
        }
        table.unused = table.bytes.len();
        Ok(table)
    }

    /// Reads a table of so many bytes whose blocks are listed at `list`, before which they end.
    pub(crate) fn read_listed(image: &Image, list: u64, length: u64) -> Result<Self, Fault> {
        let length = usize::try_from(length).map_err(|_| Fault::Corrupt("a table is too large"))?;
        if length == 0 {
            return Ok(Self::default());
        }
        let first = Fields(&image.read(list, 8)?).long()?;
        let table = Self::read(image, first, list)?;
        if table.bytes.len() != length {
            return Err(Fault::Corrupt("a table has another size than is said"));
        }
        Ok(table)
    }

    /// What lies at a place and behind it.
    pub(crate) fn from(&self, place: Place) -> Result<Fields<'_>, Fault> {
        let nowhere = Fault::Corrupt("metadata are not where they are said to be");
        let start = self.blocks.get(&place.block).ok_or(nowhere)?;
        let outside = Fault::Corrupt("a place lies beyond its block");
        if usize::from(place.offset) >= METADATA_BYTES {
            return Err(outside);
        }
        let bytes = self.bytes.get(start + usize::from(place.offset)..).ok_or(outside)?;
        Ok(Fields(bytes))
    }

    /// All bytes.
    pub(crate) fn all(&self) -> &[u8] {
        &self.bytes
    }

    /// Counts bytes as used; more than there are is an error.
    pub(crate) fn count(&mut self, used: usize) -> Result<(), Fault> {
        let unused = self.unused.checked_sub(used);
        self.unused = unused.ok_or(Fault::Corrupt("the same metadata are used twice"))?;
        Ok(())
    }
}

fn next_block(image: &Image, at: u64, rest: &mut Fields) -> Result<Vec<u8>, Fault> {
    let head = rest.short()?;
    let length = usize::from(head & !METADATA_IS_STORED);
    if length == 0 || length > METADATA_BYTES {
        return Err(Fault::Corrupt("a metadata block is larger than 8 KiB"));
    }
    let bytes = rest.bytes(length)?;
    if head & METADATA_IS_STORED != 0 {
        return Ok(bytes.to_vec());
    }
    image.expand(bytes, at, METADATA_BYTES)
}
