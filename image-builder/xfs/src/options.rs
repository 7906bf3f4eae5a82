//! What is asked of a filesystem.

use std::num::NonZeroUsize;

use crate::error::Error;
use crate::format::inode::{TIME_MAX, TIME_MIN};
use crate::format::{BLOCK_BYTES, BLOCKS_MAX, LABEL_BYTES_MAX};

/// What is asked of a filesystem besides its tree.
#[derive(Debug, Clone)]
pub struct Options {
    /// The filesystem's identity.
    pub uuid: [u8; 16],
    /// When the filesystem was made, in seconds since 1970.
    pub time: i64,
    /// The filesystem's name: at most twelve bytes, none of them NUL.
    pub label: Vec<u8>,
    /// How large it is.
    pub size: Size,
    /// How many threads write; the bytes do not depend on it.
    pub threads: NonZeroUsize,
}

/// How large a filesystem is; none is smaller than 300 MiB, which `mkfs.xfs` has as its limit, too.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// This many bytes; what is less than a block of 4096 bytes at the end is not used.
    Exact(u64),
    /// As small as the tree allows with this much left, as `df` shows it for users.
    Smallest {
        /// Bytes to be left.
        free_bytes: u64,
    },
}

impl Options {
    pub(crate) fn check(&self) -> Result<(), Error> {
        let refuse = |reason| Err(Error::Option { reason });
        if self.label.len() > LABEL_BYTES_MAX || self.label.contains(&0) {
            return refuse("the label must have at most 12 bytes and no NUL");
        }
        if !(TIME_MIN..=TIME_MAX).contains(&self.time) {
            return refuse("the time must lie between 1901 and 2486");
        }
        let (Size::Exact(bytes) | Size::Smallest { free_bytes: bytes }) = self.size;
        if bytes / BLOCK_BYTES > BLOCKS_MAX {
            return refuse("the size is over 64 TiB");
        }
        Ok(())
    }

    /// Blocks that users shall find free.
    pub(crate) fn free_blocks(&self) -> u64 {
        match self.size {
            Size::Exact(_) => 0,
            Size::Smallest { free_bytes } => free_bytes.div_ceil(BLOCK_BYTES),
        }
    }
}
