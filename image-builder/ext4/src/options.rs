//! What is asked of a filesystem.

use std::num::NonZeroUsize;

use crate::error::Error;
use crate::format::inode::TIME_MAX;
use crate::format::{BLOCK_BYTES, BLOCKS_MAX};

/// What is asked of a filesystem besides its tree.
#[derive(Debug, Clone)]
pub struct Options {
    /// The filesystem's identity.
    pub uuid: [u8; 16],
    /// What the order of names in large directories depends on.
    pub hash_seed: [u8; 16],
    /// When the filesystem was made, and when `lost+found` was, in seconds since 1970.
    pub time: i64,
    /// The filesystem's name: at most sixteen bytes, none of them NUL.
    pub label: Vec<u8>,
    /// Whether it has a journal; one that is only ever read needs none.
    pub journal: bool,
    /// Whether room is kept so that it can grow a thousandfold later, also while mounted.
    pub growable: bool,
    /// How large it is.
    pub size: Size,
    /// The hundredths of all blocks that only root may fill: at most fifty.
    pub reserved_percent: u8,
    /// How many threads write; the bytes do not depend on it.
    pub threads: NonZeroUsize,
}

/// How large a filesystem is.
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
        if self.label.len() > 16 || self.label.contains(&0) {
            return refuse("the label must have at most 16 bytes and no NUL");
        }
        if self.reserved_percent > 50 {
            return refuse("at most 50 percent can be reserved");
        }
        if !(0..=TIME_MAX).contains(&self.time) {
            return refuse("the time must lie between 1970 and 2446");
        }
        let (Size::Exact(bytes) | Size::Smallest { free_bytes: bytes }) = self.size;
        if bytes / BLOCK_BYTES > BLOCKS_MAX {
            return refuse("the size is over 64 TiB");
        }
        Ok(())
    }

    /// Whether nothing will ever be added, so that no room is needed for it.
    pub(crate) fn is_sealed(&self) -> bool {
        !self.growable && self.size == Size::Smallest { free_bytes: 0 }
    }

    pub(crate) fn free_blocks(&self) -> u64 {
        match self.size {
            Size::Exact(_) => 0,
            Size::Smallest { free_bytes } => free_bytes.div_ceil(BLOCK_BYTES),
        }
    }
}
