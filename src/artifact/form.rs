//! What a file is, by its first bytes.

use std::fmt;
use std::io::Read as _;
use std::path::Path;

use image_builder::partitions::PartitionsError;
use image_builder::qcow2;
use rootfs_builder::decompress;

use super::disk::{DiskForm, Packing};
use super::error::ArtifactError;
use super::scratch::Scratch;

/// What an artifact is.
#[derive(Debug)]
pub enum Form {
    /// A directory.
    Directory,
    /// A tar archive.
    Tar(Compression),
    /// An initrd.
    Initrd,
    /// A disk image.
    Disk(Box<DiskForm>),
}

/// How bytes are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Compression {
    /// Not at all.
    None,
    /// gzip.
    Gzip,
    /// lz4, in the old format that the kernel reads.
    Lz4,
    /// xz.
    Xz,
    /// Zstandard.
    Zstd,
}

impl Form {
    /// Whether it keeps times to the nanosecond; else they are whole seconds.
    pub fn keeps_nanoseconds(&self) -> bool {
        match self {
            Self::Directory | Self::Tar(_) => true,
            Self::Initrd => false,
            Self::Disk(disk) => disk.keeps_nanoseconds(),
        }
    }
}

impl Compression {
    /// Tells by the first bytes.
    pub fn of(head: &[u8]) -> Self {
        const KNOWN: [(&[u8], Compression); 4] = [
            (b"\x1f\x8b", Compression::Gzip),
            (b"\x02\x21\x4c\x18", Compression::Lz4),
            (b"\xfd7zXZ\0", Compression::Xz),
            (b"\x28\xb5\x2f\xfd", Compression::Zstd),
        ];
        let known = KNOWN.iter().find(|(start, _)| head.starts_with(start));
        known.map_or(Self::None, |(_, compression)| *compression)
    }

    /// The same for those that archives other than initrds may have.
    pub(super) fn usual(self) -> Option<decompress::Compression> {
        match self {
            Self::None => Some(decompress::Compression::None),
            Self::Gzip => Some(decompress::Compression::Gzip),
            Self::Xz => Some(decompress::Compression::Xz),
            Self::Zstd => Some(decompress::Compression::Zstd),
            Self::Lz4 => None,
        }
    }
}

impl fmt::Display for Compression {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::None => "none",
            Self::Gzip => "gzip",
            Self::Lz4 => "lz4",
            Self::Xz => "xz",
            Self::Zstd => "zstd",
        })
    }
}

/// As much as tells every form but those that need the whole file.
const HEAD_BYTES: usize = 4096;

/// Looks at what a path leads to.
pub(super) fn of(path: &Path, scratch: &Scratch) -> anyhow::Result<Form> {
    let metadata = fs_err::metadata(path)?;
    if metadata.is_dir() {
        return Ok(Form::Directory);
    }
    // A pipe would be waited for, a device has no length.
    if !metadata.is_file() {
        return Err(ArtifactError::Special { path: path.to_owned() }.into());
    }
    let mut head = Vec::new();
    fs_err::File::open(path)?.take(HEAD_BYTES as u64).read_to_end(&mut head)?;
    if head.is_empty() {
        return Err(ArtifactError::Empty { path: path.to_owned() }.into());
    }
    let compression = Compression::of(&head);
    if tree::cpio::is_archive(&head) || compression == Compression::Lz4 {
        return Ok(Form::Initrd);
    }
    if compression != Compression::None {
        return compressed(path, compression, scratch);
    }
    if is_tar(&head) {
        return Ok(Form::Tar(compression));
    }
    if qcow2::is_qcow2(&head) {
        return disk(path, Packing::Qcow2, scratch);
    }
    disk(path, Packing::Raw, scratch)
}

/// A compressed initrd, tar archive or disk image.
fn compressed(path: &Path, compression: Compression, scratch: &Scratch) -> anyhow::Result<Form> {
    let head = initrd_builder::head(&path.into(), HEAD_BYTES)
        .map_err(|error| ArtifactError::damaged(path, error))?;
    if tree::cpio::is_archive(&head) {
        return Ok(Form::Initrd);
    }
    if is_tar(&head) {
        return Ok(Form::Tar(compression));
    }
    disk(path, Packing::Compressed(compression), scratch)
}

fn disk(path: &Path, packing: Packing, scratch: &Scratch) -> anyhow::Result<Form> {
    match DiskForm::open(path, packing, scratch) {
        Ok(disk) => Ok(Form::Disk(Box::new(disk))),
        Err(error) => match error.downcast_ref() {
            Some(PartitionsError::Nothing) => {
                Err(ArtifactError::Unknown { path: path.to_owned() }.into())
            }
            Some(_) | None => Err(error),
        },
    }
}

/// Whether some bytes begin like a tar archive, also one of the time before its magic.
pub fn is_tar(head: &[u8]) -> bool {
    const CHECKSUM: std::ops::Range<usize> = 148..156;
    let Some(header) = head.get(..512) else { return false };
    if &header[257..262] == b"ustar" {
        return true;
    }
    let digits = header[CHECKSUM].trim_ascii_start();
    let digits = digits.split(|byte| !byte.is_ascii_digit()).next().unwrap_or_default();
    let stated = str::from_utf8(digits).ok().and_then(|text| u32::from_str_radix(text, 8).ok());
    let blanked = |(place, byte): (usize, &u8)| {
        u32::from(if CHECKSUM.contains(&place) { b' ' } else { *byte })
    };
    header[0] != 0 && stated == Some(header.iter().enumerate().map(blanked).sum())
}

#[cfg(test)]
mod tests {
    use super::{Compression, is_tar};

    #[test]
    fn the_first_bytes_tell_the_compression() {
        assert_eq!(Compression::of(&[0x1f, 0x8b, 8, 0, 0, 0]), Compression::Gzip);
        assert_eq!(Compression::of(b"\xfd7zXZ\0"), Compression::Xz);
        assert_eq!(Compression::of(&[0x28, 0xb5, 0x2f, 0xfd, 4, 0]), Compression::Zstd);
        assert_eq!(Compression::of(&[0x02, 0x21, 0x4c, 0x18]), Compression::Lz4);
        assert_eq!(Compression::of(b"./\0\0\0\0"), Compression::None);
        assert_eq!(Compression::of(b""), Compression::None);
    }

    #[test]
    fn old_archives_are_told_by_their_checksum() {
        let mut header = vec![0; 512];
        header[..4].copy_from_slice(b"name");
        let sum: u32 = b"name".iter().map(|byte| u32::from(*byte)).sum::<u32>() + 8 * 32;
        header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        assert!(is_tar(&header));
        header[5] = 1;
        assert!(!is_tar(&header) && !is_tar(&[0; 512]) && !is_tar(b"short"));
    }
}
