//! Decompresses blocks of files and fragments, and keeps the last few.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use super::image::Image;
use crate::error::Fault;
use crate::format::BLOCK_IS_STORED;

/// Files are read from front to back, and small ones share fragments.
const BLOCKS_KEPT: usize = 8;

/// Where a block is on disk, and its size there with the flag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stored {
    pub start: u64,
    pub size: u32,
}

impl Stored {
    /// Bytes on disk.
    pub(crate) fn length(self) -> u32 {
        self.size & !BLOCK_IS_STORED
    }

    /// Refuses a block that is larger on disk than it may be, or lies outside the image.
    pub(crate) fn check(self, image: &Image) -> Result<(), Fault> {
        if self.length() > image.superblock.block_size {
            return Err(Fault::Corrupt("a block is larger than blocks are"));
        }
        let end = self.start.checked_add(self.length().into());
        let is_within = end.is_some_and(|end| end <= image.superblock.bytes_used);
        is_within.then_some(()).ok_or(Fault::Corrupt("a block lies beyond the end"))
    }
}

/// Reads blocks of an image.
#[derive(Debug)]
pub(crate) struct Blocks {
    pub image: Image,
    /// The last one used comes last.
    kept: Mutex<VecDeque<(Stored, Arc<[u8]>)>>,
}

impl Blocks {
    pub(crate) fn new(image: Image) -> Self {
        Self { image, kept: Mutex::new(VecDeque::new()) }
    }

    /// The bytes of a block.
    pub(crate) fn read(&self, stored: Stored) -> Result<Arc<[u8]>, Fault> {
        if let Some(bytes) = self.kept(stored) {
            return Ok(bytes);
        }
        stored.check(&self.image)?;
        let mut bytes = self.image.read(stored.start, stored.length() as usize)?;
        if stored.size & BLOCK_IS_STORED == 0 {
            let limit = self.image.superblock.block_size as usize;
            bytes = self.image.expand(&bytes, stored.start, limit)?;
        }
        let bytes: Arc<[u8]> = bytes.into();
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if kept.len() == BLOCKS_KEPT {
            kept.pop_front();
        }
        kept.push_back((stored, bytes.clone()));
        Ok(bytes)
    }

    fn kept(&self, stored: Stored) -> Option<Arc<[u8]>> {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let place = kept.iter().position(|(at, _)| *at == stored)?;
        let block = kept.remove(place)?;
        let bytes = block.1.clone();
        kept.push_back(block);
        Some(bytes)
    }
}
