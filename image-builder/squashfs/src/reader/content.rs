//! The bytes of a file, decompressed when they are read.

use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use tree::Source;

use super::blocks::{Blocks, Stored};
use crate::error::Fault;
use crate::format::BLOCK_IS_STORED;
use crate::format::inode::Extent;

/// The beginning of every so many blocks is kept, so that none is far from a known one.
const STRIDE: usize = 64;

/// The bytes of a file.
#[derive(Debug)]
pub(crate) struct FileBytes {
    blocks: Arc<Blocks>,
    size: u64,
    /// The size of each block on disk, 0 for a hole.
    sizes: Box<[u32]>,
    /// Where every 64th block begins.
    starts: Box<[u64]>,
    tail: Option<Tail>,
}

/// The end of a file in a fragment.
#[derive(Debug)]
pub(crate) struct Tail {
    pub fragment: Stored,
    pub offset: u32,
}

impl FileBytes {
    /// Refuses a file whose blocks cannot be where they are said to be.
    pub(crate) fn new(
        blocks: Arc<Blocks>,
        extent: &Extent,
        sizes: Box<[u32]>,
        tail: Option<Tail>,
    ) -> Result<Self, Fault> {
        let mut starts = Vec::with_capacity(sizes.len().div_ceil(STRIDE));
        let mut start = extent.start;
        for (number, size) in sizes.iter().enumerate() {
            if number % STRIDE == 0 {
                starts.push(start);
            }
            let stored = Stored { start, size: *size };
            if *size != 0 {
                stored.check(&blocks.image)?;
                start += u64::from(stored.length());
            }
        }
        if let Some(Tail { fragment, .. }) = &tail {
            fragment.check(&blocks.image)?;
        }
        Ok(Self { blocks, size: extent.size, sizes, starts: starts.into(), tail })
    }

    fn block_size(&self) -> u64 {
        self.blocks.image.superblock.block_size.into()
    }

    /// Fills the buffer with what begins at a place of a block.
    fn read_block(&self, number: usize, at: usize, buffer: &mut [u8]) -> Result<(), Fault> {
        let (stored, at, expected) = match self.sizes.get(number) {
            Some(0) => {
                buffer.fill(0);
                return Ok(());
            }
            Some(size) => {
                let left = self.size - self.block_size() * number as u64;
                let stored = Stored { start: self.start_of(number), size: *size };
                (stored, at, Some(left.min(self.block_size())))
            }
            None => {
                let tail = self.tail.as_ref();
                let tail = tail.ok_or(Fault::Corrupt("a file has fewer blocks than bytes"))?;
                (tail.fragment, at.saturating_add(tail.offset as usize), None)
            }
        };
        let bytes = self.blocks.read(stored)?;
        if expected.is_some_and(|expected| expected != bytes.len() as u64) {
            return Err(Fault::Corrupt("a block has another size than its file needs"));
        }
        let part = bytes.get(at..).and_then(|bytes| bytes.get(..buffer.len()));
        buffer.copy_from_slice(part.ok_or(Fault::Corrupt("a fragment is too small"))?);
        Ok(())
    }

    fn start_of(&self, number: usize) -> u64 {
        let known = number / STRIDE;
        let before = &self.sizes[known * STRIDE..number];
        let length = |size: &u32| u64::from(size & !BLOCK_IS_STORED);
        self.starts[known] + before.iter().map(length).sum::<u64>()
    }
}

impl Source for FileBytes {
    fn length(&self) -> u64 {
        self.size
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let (mut at, mut rest) = (offset, buffer);
        while !rest.is_empty() {
            let within = at % self.block_size();
            let length = (self.block_size() - within).min(rest.len() as u64) as usize;
            let (part, others) = rest.split_at_mut(length);
            let number = usize::try_from(at / self.block_size()).map_err(io::Error::other)?;
            self.read_block(number, within as usize, part)
                .map_err(|fault| io::Error::new(io::ErrorKind::InvalidData, fault))?;
            at += length as u64;
            rest = others;
        }
        Ok(())
    }

    fn data_ranges(&self) -> io::Result<Vec<Range<u64>>> {
        let mut ranges: Vec<Range<u64>> = Vec::new();
        let mut start = 0;
        while start < self.size {
            let end = start.saturating_add(self.block_size()).min(self.size);
            let number = (start / self.block_size()) as usize;
            if self.sizes.get(number) != Some(&0) {
                match ranges.last_mut() {
                    Some(last) if last.end == start => last.end = end,
                    _ => ranges.push(start..end),
                }
            }
            start = end;
        }
        Ok(ranges)
    }

    fn is_stored_below(&self, directory: &Path) -> bool {
        self.blocks.image.path.starts_with(directory)
    }
}
