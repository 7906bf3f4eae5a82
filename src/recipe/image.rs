//! What is asked of a disk image or an initrd, in the words of the command line.

use std::path::PathBuf;

use clap::ValueEnum;
use serde::{Deserialize, Serialize};

use super::RecipeError;

/// A disk image.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Image {
    /// The file.
    pub path: PathBuf,
    /// The root filesystem.
    pub filesystem: Filesystem,
    /// How the partition is told.
    pub table: Table,
    /// Whether the header for persistent memory comes first.
    pub dax: bool,
    /// The whole image in bytes; none computes the smallest.
    pub size: Option<u64>,
    /// Bytes to be left in the filesystem.
    pub free_space: u64,
    /// The image's size is a multiple of this many bytes.
    pub align: u64,
    /// Whether a hash tree proves it.
    pub verity: bool,
    /// What every hash begins with; none follows from what the image is made of.
    pub salt: Option<Salt>,
    /// What the root hash's file is named after.
    pub variant: String,
    /// The format of the file.
    pub format: DiskFormat,
    /// Whether a tree that cannot boot is refused.
    pub check: bool,
}

/// A root filesystem.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Filesystem {
    /// ext4.
    Ext4 {
        /// Whether it has a journal.
        journal: bool,
    },
    /// EROFS.
    Erofs(Option<ErofsCompression>),
    /// SquashFS.
    Squashfs(SquashfsCompression),
    /// XFS.
    Xfs,
}

/// How EROFS is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ErofsCompression {
    /// LZ4, quickly.
    Lz4,
    /// LZ4 at a level.
    Lz4hc(u8),
    /// Zstandard at a level.
    Zstd(u8),
}

/// How SquashFS is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SquashfsCompression {
    /// Zstandard at a level.
    Zstd(u8),
    /// Deflate at a level.
    Gzip(u8),
    /// LZMA2.
    Xz,
}

/// How partitions are told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Table {
    /// A master boot record, as Kata's images have
    Mbr,
    /// A GUID partition table, in which systemd finds the root by itself
    Gpt,
    /// None: the filesystem is the whole disk
    None,
}

/// The format of a disk image's file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DiskFormat {
    /// The bytes of the disk, with holes where nothing is
    Raw,
    /// QEMU's format
    Qcow2,
}

/// The names of filesystems.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum FilesystemName {
    /// Read and written; grows on first boot
    Ext4,
    /// Only read; plain or compressed
    Erofs,
    /// Only read; always compressed, and the smallest
    Squashfs,
    /// Read and written; at least 300 MiB
    Xfs,
}

/// The names of compressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum CompressionName {
    /// Not at all
    None,
    /// LZ4
    Lz4,
    /// LZ4, searching longer
    Lz4hc,
    /// Zstandard
    Zstd,
    /// gzip's
    Gzip,
    /// xz's
    Xz,
}

impl Filesystem {
    /// The filesystem of this name, with what it may have.
    pub fn new(
        name: FilesystemName,
        journal: bool,
        compression: Option<CompressionName>,
        level: Option<u8>,
    ) -> Result<Self, RecipeError> {
        use CompressionName as By;
        let refuse = |what: &'static str| Err(RecipeError::Filesystem { what });
        let made = match (name, compression) {
            (FilesystemName::Ext4, None | Some(By::None)) => Self::Ext4 { journal },
            (FilesystemName::Ext4, Some(_)) => return refuse("ext4 has no compression"),
            (_, _) if !journal => return refuse("only ext4 has a journal to leave out"),
            (FilesystemName::Erofs, None | Some(By::None)) => Self::Erofs(None),
            (FilesystemName::Erofs, Some(By::Lz4)) => Self::Erofs(Some(ErofsCompression::Lz4)),
            (FilesystemName::Erofs, Some(By::Lz4hc)) => {
                Self::Erofs(Some(ErofsCompression::Lz4hc(level.unwrap_or(9))))
            }
            (FilesystemName::Erofs, Some(By::Zstd)) => {
                Self::Erofs(Some(ErofsCompression::Zstd(level.unwrap_or(3))))
            }
            (FilesystemName::Erofs, Some(_)) => return refuse("erofs knows lz4, lz4hc and zstd"),
            (FilesystemName::Squashfs, None | Some(By::Zstd)) => {
                Self::Squashfs(SquashfsCompression::Zstd(level.unwrap_or(8)))
            }
            (FilesystemName::Squashfs, Some(By::Gzip)) => {
                Self::Squashfs(SquashfsCompression::Gzip(level.unwrap_or(6)))
            }
            (FilesystemName::Squashfs, Some(By::Xz)) => Self::Squashfs(SquashfsCompression::Xz),
            (FilesystemName::Squashfs, Some(_)) => {
                return refuse("squashfs knows zstd, gzip and xz");
            }
            (FilesystemName::Xfs, None | Some(By::None)) => Self::Xfs,
            (FilesystemName::Xfs, Some(_)) => return refuse("xfs has no compression"),
        };
        match (made, level) {
            (
                Self::Erofs(Some(ErofsCompression::Lz4hc(_) | ErofsCompression::Zstd(_)))
                | Self::Squashfs(SquashfsCompression::Zstd(_) | SquashfsCompression::Gzip(_)),
                _,
            )
            | (_, None) => Ok(made),
            (_, Some(_)) => refuse("a level goes with lz4hc, zstd or gzip"),
        }
    }
}

/// An initrd.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Initrd {
    /// The file.
    pub path: PathBuf,
    /// How it is compressed.
    pub compression: InitrdCompression,
    /// How hard; none is the compression's usual level.
    pub level: Option<u32>,
    /// Archives that come before: early microcode.
    pub early: Vec<PathBuf>,
    /// Archives that are unpacked over it.
    pub overlays: Vec<PathBuf>,
    /// Whether extended attributes, which an initrd cannot hold, are left out.
    pub drop_xattrs: bool,
}

/// How an initrd is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InitrdCompression {
    /// Small and quickly unpacked; kernels since 5.9
    Zstd,
    /// Any kernel
    Gzip,
    /// The smallest, and the slowest
    Xz,
    /// The quickest to unpack
    Lz4,
    /// Not at all
    None,
}

/// Reads a size: a number of MiB, or one with K, M, G or T behind it.
pub fn parse_size(text: &str) -> Result<u64, String> {
    let digits = text.trim_end_matches(|letter: char| !letter.is_ascii_digit());
    let shift = match text[digits.len()..].to_ascii_uppercase().as_str() {
        "K" | "KIB" => 10,
        "" | "M" | "MIB" => 20,
        "G" | "GIB" => 30,
        "T" | "TIB" => 40,
        _ => return Err(WANTED.to_owned()),
    };
    let number: u64 = digits.parse().map_err(|_| WANTED.to_owned())?;
    number.checked_mul(1 << shift).ok_or_else(|| "it is too large".to_owned())
}

const WANTED: &str = "write a number of MiB, or one with K, M, G or T behind it";

/// What every hash of a hash tree begins with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Salt(pub Vec<u8>);

/// Reads a salt: an even number of hexadecimal digits.
pub fn parse_salt(text: &str) -> Result<Salt, String> {
    let digits = text.as_bytes();
    let is_good = digits.iter().all(u8::is_ascii_hexdigit) && digits.len().is_multiple_of(2);
    if !is_good || !(2..=512).contains(&digits.len()) {
        return Err("write 1 to 256 bytes as hexadecimal digits".to_owned());
    }
    let byte = |at: usize| u8::from_str_radix(&text[at..at + 2], 16);
    let bytes = (0..digits.len()).step_by(2).map(byte).collect::<Result<_, _>>();
    bytes.map(Salt).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_mebibytes_unless_said_otherwise() {
        assert_eq!(parse_size("128"), Ok(128 << 20));
        assert_eq!(parse_size("4G"), Ok(4 << 30));
        assert_eq!(parse_size("512KiB"), Ok(512 << 10));
        for wrong in ["", "M", "-1", "1.5G", "4X", "99999999999T"] {
            assert!(parse_size(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn salts_are_hexadecimal() {
        assert_eq!(parse_salt("00ff"), Ok(Salt(vec![0, 255])));
        for wrong in ["", "0", "0g", "é0"] {
            assert!(parse_salt(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn filesystems_have_only_what_they_know() {
        use {CompressionName as By, FilesystemName as Name};
        assert!(Filesystem::new(Name::Ext4, true, Some(By::Zstd), None).is_err());
        assert!(Filesystem::new(Name::Erofs, false, None, None).is_err());
        assert!(Filesystem::new(Name::Squashfs, true, Some(By::None), None).is_err());
        assert!(Filesystem::new(Name::Erofs, true, None, Some(3)).is_err());
        assert!(Filesystem::new(Name::Xfs, true, Some(By::Zstd), None).is_err());
        assert!(Filesystem::new(Name::Xfs, false, None, None).is_err());
        assert_eq!(Filesystem::new(Name::Xfs, true, None, None), Ok(Filesystem::Xfs));
        let squashfs = Filesystem::new(Name::Squashfs, true, None, Some(9));
        assert_eq!(squashfs, Ok(Filesystem::Squashfs(SquashfsCompression::Zstd(9))));
    }
}
