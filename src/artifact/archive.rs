//! Tar archives and initrds.

use std::io::{BufReader, BufWriter, Write as _};
use std::path::Path;

use fs_err::File;
use initrd_builder::Member;
use rootfs_builder::decompress::{DecompressError, decompress};
use tree::Tree;

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
    let limit = limit(path)?;
    let scratch = scratch.path("initrd").map_err(|error| ArtifactError::damaged(path, error))?;
    fs_err::create_dir(&scratch).map_err(|error| ArtifactError::damaged(path, error))?;
    initrd_builder::read(&path.into(), &scratch, limit)
        .map_err(|error| ArtifactError::damaged(path, error))
}

/// Says where the archives of an initrd lie.
pub(super) fn members(path: &Path) -> Result<Vec<Member>, ArtifactError> {
    initrd_builder::members(&path.into(), limit(path)?)
        .map_err(|error| ArtifactError::damaged(path, error))
}

/// As much as an initrd may decompress to.
fn limit(path: &Path) -> Result<u64, ArtifactError> {
    let length = fs_err::metadata(path).map_err(|error| ArtifactError::damaged(path, error))?.len();
    Ok(length.saturating_mul(RATIO_MAX).clamp(RATIO_FREE_BYTES, LIMIT_BYTES))
}
