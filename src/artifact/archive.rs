//! Tar archives and initrds.

use std::io::{BufReader, BufWriter, Read as _, Seek as _, SeekFrom, Write as _};
use std::path::Path;
use std::sync::Arc;

use fs_err::File;
use rootfs_builder::decompress::{DecompressError, decompress};
use tree::Tree;
use tree::cpio::Budget;

use super::error::ArtifactError;
use super::form::Compression;
use super::scratch::Scratch;

// Far more than any guest; a bomb is told by its ratio long before.
const LIMIT_BYTES: u64 = 1 << 40;
/// Below this much output no ratio is suspicious, above it this one is.
const RATIO_FREE_BYTES: u64 = 64 << 20;
const RATIO_MAX: u64 = 1024;

/// Reads a tar archive.
pub(super) fn tar(
    path: &Path,
    compression: Compression,
    scratch: &Scratch,
) -> Result<Tree, ArtifactError> {
    let damaged = |error| ArtifactError::damaged(path, error);
    let read = |path: &Path| {
        tree::tar::read_spans(&path.into()).and_then(Tree::from_entries).map_err(damaged)
    };
    if compression == Compression::None {
        return read(path);
    }
    let plain = scratch.path("plain.tar").map_err(|error| ArtifactError::damaged(path, error))?;
    expand(path, compression, &plain)?;
    read(&plain)
}

/// Writes to `plain` what a file decompresses to.
pub(super) fn expand(
    path: &Path,
    compression: Compression,
    plain: &Path,
) -> Result<(), ArtifactError> {
    let Some(compression) = compression.usual() else {
        return Err(ArtifactError::Unknown { path: path.to_owned() });
    };
    let expanded = || -> Result<(), DecompressError> {
        let file = File::open(path).map_err(DecompressError::Read)?;
        let length = file.metadata().map_err(DecompressError::Read)?.len();
        let output = File::create(plain).map_err(DecompressError::Write)?;
        let mut output = BufWriter::new(output);
        decompress(compression, &mut BufReader::new(file), length, &mut output, LIMIT_BYTES)?;
        output.flush().map_err(DecompressError::Write)
    };
    expanded().map_err(|error| ArtifactError::damaged(path, error))
}

/// Reads an initrd.
pub(super) fn initrd(path: &Path, scratch: &Scratch) -> Result<Tree, ArtifactError> {
    let damaged = |error| ArtifactError::damaged(path, error);
    let length = fs_err::metadata(path).map_err(|error| ArtifactError::damaged(path, error))?.len();
    let limit = length.saturating_mul(RATIO_MAX).clamp(RATIO_FREE_BYTES, LIMIT_BYTES);
    let scratch = scratch.path("initrd").map_err(|error| ArtifactError::damaged(path, error))?;
    fs_err::create_dir(&scratch).map_err(|error| ArtifactError::damaged(path, error))?;
    initrd_builder::read(&path.into(), &scratch, limit).map_err(damaged)
}

/// Where the archives of an initrd begin and how they are compressed, up to the first compressed
/// one: where that ends is only known once it is decompressed.
pub(super) fn members(path: &Path) -> Result<Vec<(u64, Compression)>, ArtifactError> {
    let damaged = |error| ArtifactError::damaged(path, error);
    let shared: Arc<Path> = path.into();
    let mut file = File::open(path).map_err(|error| ArtifactError::damaged(path, error))?;
    let mut budget = Budget::default();
    let (mut found, mut offset) = (Vec::new(), 0);
    loop {
        let head = next_bytes(&mut file, &mut offset)
            .map_err(|error| ArtifactError::damaged(path, error))?;
        if head.is_empty() {
            return Ok(found);
        }
        let compression = Compression::of(&head);
        found.push((offset, compression));
        if compression != Compression::None {
            return Ok(found);
        }
        offset = tree::cpio::read_archive(&shared, offset, &mut budget).map_err(damaged)?.end;
    }
}

/// Moves `offset` to the next byte that is not zero, and returns the first ones from there; none at
/// the end.
fn next_bytes(file: &mut File, offset: &mut u64) -> std::io::Result<Vec<u8>> {
    loop {
        let mut bytes = Vec::new();
        file.seek(SeekFrom::Start(*offset))?;
        (&mut *file).take(64 << 10).read_to_end(&mut bytes)?;
        match bytes.iter().position(|byte| *byte != 0) {
            Some(0) => return Ok(bytes),
            Some(place) => *offset += place as u64,
            None if bytes.is_empty() => return Ok(bytes),
            None => *offset += bytes.len() as u64,
        }
    }
}
