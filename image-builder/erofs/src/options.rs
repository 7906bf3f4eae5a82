//! What may be chosen about an image.

use std::num::NonZeroUsize;

use crate::error::Error;
use crate::format::{BLOCK_BYTES, MAX_CLUSTER_BYTES};

/// What may be chosen about an image. Everything else follows from the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// Identity of the filesystem.
    pub uuid: [u8; 16],
    /// When the image was made, in seconds since 1970. Files of exactly this age take less room.
    pub time: i64,
    /// Label, at most 16 bytes.
    pub volume_name: String,
    /// How the contents of files are compressed; none leaves them as they are.
    pub compression: Option<Compression>,
    /// Whether the last bytes of a file may lie beside its inode. Without, every file begins and
    /// ends at a block, which DAX needs.
    pub inline_tails: bool,
    /// How many threads write; the bytes do not depend on it.
    pub threads: NonZeroUsize,
}

/// How contents are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compression {
    /// With what.
    pub algorithm: Algorithm,
    /// How much a compressed cluster takes at most: a power of two from 4 KiB to 1 MiB. Larger ones
    /// are smaller in all, smaller ones are read faster at random places.
    pub cluster_bytes: u32,
}

/// What contents are compressed with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Algorithm {
    /// LZ4, quickly. Any kernel since 5.13.
    Lz4,
    /// LZ4, searching at this level, 1 to 12. Any kernel since 5.13.
    Lz4hc(u8),
    /// Zstandard at this level, 1 to 22. Kernels since 6.10.
    Zstd(u8),
}

impl Options {
    /// The label as the superblock holds it.
    pub(crate) fn label(&self) -> Result<[u8; 16], Error> {
        let bytes = self.volume_name.as_bytes();
        if bytes.len() > 16 || bytes.contains(&0) {
            return Err(Error::Option("a volume name has at most 16 bytes and no NUL"));
        }
        let mut label = [0; 16];
        label[..bytes.len()].copy_from_slice(bytes);
        Ok(label)
    }

    /// Refuses what no image can be made with.
    pub(crate) fn check(&self) -> Result<(), Error> {
        self.label()?;
        let Some(Compression { algorithm, cluster_bytes }) = self.compression else {
            return Ok(());
        };
        let fits = BLOCK_BYTES as u32..=MAX_CLUSTER_BYTES;
        if !cluster_bytes.is_power_of_two() || !fits.contains(&cluster_bytes) {
            return Err(Error::Option("a cluster is a power of two from 4 KiB to 1 MiB"));
        }
        match algorithm {
            Algorithm::Lz4 | Algorithm::Lz4hc(1..=12) | Algorithm::Zstd(1..=22) => Ok(()),
            Algorithm::Lz4hc(_) => Err(Error::Option("a level of lz4hc is 1 to 12")),
            Algorithm::Zstd(_) => Err(Error::Option("a level of zstd is 1 to 22")),
        }
    }
}
