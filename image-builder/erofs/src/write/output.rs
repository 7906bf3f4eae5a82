//! Collects blocks that follow each other and writes them together.

use std::ops::Range;

use tree::{Content, Kind, PartReader};
use volume::Volume;

use crate::error::Error;
use crate::format::BLOCK_BYTES;
use crate::plan::Inode;

const BUFFER_BYTES: usize = 1 << 20;

/// Blocks on their way to a volume.
pub(crate) struct Output<'a> {
    volume: &'a dyn Volume,
    buffer: Box<[u8]>,
    used: usize,
    /// Where the buffer begins.
    offset: u64,
}

impl<'a> Output<'a> {
    /// Nothing, at the first block.
    pub(crate) fn new(volume: &'a dyn Volume) -> Self {
        Self { volume, buffer: vec![0; BUFFER_BYTES].into(), used: 0, offset: 0 }
    }

    /// Goes on at this block.
    pub(crate) fn go_to(&mut self, block: u64) -> Result<(), Error> {
        let offset = block * BLOCK_BYTES as u64;
        if self.offset + self.used as u64 != offset {
            self.flush()?;
            self.offset = offset;
        }
        Ok(())
    }

    /// Adds bytes, then zeros up to the next block.
    pub(crate) fn append(&mut self, mut bytes: &[u8]) -> Result<(), Error> {
        while !bytes.is_empty() {
            let room = self.room()?;
            let (now, rest) = bytes.split_at(bytes.len().min(room.len()));
            room[..now.len()].copy_from_slice(now);
            self.used += now.len();
            bytes = rest;
        }
        self.pad();
        Ok(())
    }

    /// Adds part of an inode's content, then zeros up to the next block.
    pub(crate) fn copy(
        &mut self,
        inode: &Inode,
        range: Range<u64>,
        source: &mut PartReader,
    ) -> Result<(), Error> {
        let content = match &inode.node.kind {
            Kind::File(content) => content,
            Kind::Symlink(target) => return self.append(target),
            _ => return Ok(()),
        };
        let mut position = range.start;
        while position < range.end {
            let room = self.room()?;
            let count = (range.end - position).min(room.len() as u64) as usize;
            read(content, position, &mut room[..count], inode, source)?;
            self.used += count;
            position += count as u64;
        }
        self.pad();
        Ok(())
    }

    /// Writes what is left.
    pub(crate) fn flush(&mut self) -> Result<(), Error> {
        if self.used > 0 {
            let bytes = &self.buffer[..self.used];
            self.volume.write_at(bytes, self.offset).map_err(Error::Output)?;
            self.offset += self.used as u64;
            self.used = 0;
        }
        Ok(())
    }

    /// Where there is room in the buffer: at least one byte.
    fn room(&mut self) -> Result<&mut [u8], Error> {
        if self.used == self.buffer.len() {
            self.flush()?;
        }
        Ok(&mut self.buffer[self.used..])
    }

    fn pad(&mut self) {
        let end = self.used.next_multiple_of(BLOCK_BYTES);
        self.buffer[self.used..end].fill(0);
        self.used = end;
    }
}

/// Reads part of an inode's content.
pub(crate) fn read(
    content: &Content,
    offset: u64,
    buffer: &mut [u8],
    inode: &Inode,
    source: &mut PartReader,
) -> Result<(), Error> {
    let result = source.read_exact_at(content, offset, buffer);
    result.map_err(|source| Error::Content { path: inode.path.clone(), source })
}
