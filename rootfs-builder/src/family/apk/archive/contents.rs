//! Compares the files of a package with the digests that it carries beside them.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::sync::Arc;

use sha1::{Digest as _, Sha1};
use tree::{Content, Kind};

use super::ArchiveError;
use crate::family::apk::checksum::Checksum;

/// The extended record with the digest of an entry, in hexadecimal digits.
const RECORD: &[u8] = b"APK-TOOLS.checksum.SHA1";
/// Longer targets do not fit a header, and the packager digests only what does.
const LINK_BYTES_MAX: usize = 100;
const BUFFER_BYTES: u64 = 256 * 1024;

/// Checks every entry that has a digest; those without are covered by that of the whole member.
pub(super) fn check(data_tar: &Path) -> Result<(), ArchiveError> {
    let path: Arc<Path> = data_tar.into();
    let members = tree::tar::read_members(&path, RECORD).map_err(ArchiveError::Data)?;
    let file = fs_err::File::open(data_tar).map_err(ArchiveError::Read)?.into_file();
    for member in members {
        let Some(record) = member.record else { continue };
        let wrong = || ArchiveError::FileDigest { path: member.path.clone() };
        let expected = Checksum::from_sha1_hex(&record).map_err(|_| wrong())?;
        let actual = match &member.node.kind {
            Kind::File(Content::Span { offset, length, .. }) => {
                digest(&file, *offset, *length).map_err(ArchiveError::Read)?
            }
            Kind::Symlink(target) if target.len() <= LINK_BYTES_MAX => Checksum::sha1(target),
            _ => continue,
        };
        if actual != expected {
            return Err(wrong());
        }
    }
    Ok(())
}

fn digest(file: &File, mut offset: u64, length: u64) -> std::io::Result<Checksum> {
    let end = offset.saturating_add(length);
    let mut hasher = Sha1::new();
    let mut buffer = vec![0; length.min(BUFFER_BYTES) as usize];
    while offset < end {
        let count = (end - offset).min(BUFFER_BYTES) as usize;
        file.read_exact_at(&mut buffer[..count], offset)?;
        hasher.update(&buffer[..count]);
        offset += count as u64;
    }
    Ok(Checksum::Sha1(hasher.finalize().into()))
}
