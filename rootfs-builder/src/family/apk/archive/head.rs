//! The members in front of the data: signatures, and the control files.

use std::io::BufRead as _;

use super::source::{Source, Tap};
use super::{ArchiveError, malformed};
use crate::decompress;
use crate::family::apk::listing;
use crate::family::apk::pkginfo::PkgInfo;
use crate::family::apk::signature::Signatures;

/// More than any control member has, scripts included: it is held in memory.
const CONTROL_BYTES_MAX: u64 = 16 << 20;
/// Nobody signs in more members.
const SIGNATURE_MEMBERS_MAX: usize = 4;

/// What stands in front of the data.
pub(super) struct Head {
    /// Who claims to have signed.
    pub(super) signatures: Signatures,
    /// The control member as it is in the file, which is what signatures and indexes speak of.
    pub(super) packed: Vec<u8>,
    /// The plain control archive.
    pub(super) control: Vec<u8>,
    /// What the package says it is.
    pub(super) info: PkgInfo,
}

impl Head {
    /// Reads up to the data member, which is then next.
    pub(super) fn read(source: &mut Source, limit: u64) -> Result<Self, ArchiveError> {
        let start = source.fill_buf().map_err(ArchiveError::Read)?;
        if start.starts_with(b"ADB") {
            return Err(ArchiveError::Version3);
        }
        let mut signatures = Signatures::default();
        for _ in 0..=SIGNATURE_MEMBERS_MAX {
            let (packed, plain) = read_member(source, limit.min(CONTROL_BYTES_MAX))?;
            let listed = signatures.take(&plain).map_err(ArchiveError::Control)?;
            if !listed {
                let info = read_info(&plain)?;
                return Ok(Self { signatures, packed, control: plain, info });
            }
        }
        Err(malformed("it has too many signatures"))
    }
}

fn read_member(source: &mut Source, limit: u64) -> Result<(Vec<u8>, Vec<u8>), ArchiveError> {
    let packed_limit = usize::try_from(limit).unwrap_or(usize::MAX);
    source.begin(Tap::Keep { bytes: Vec::new(), limit: packed_limit });
    if source.fill_buf().map_err(ArchiveError::Read)?.is_empty() {
        return Err(malformed("it has no control member"));
    }
    let mut plain = Vec::new();
    decompress::gunzip_member(source, &mut plain, limit)
        .map_err(|source| ArchiveError::Decompress { member: "control", source })?;
    match source.begin(Tap::Keep { bytes: Vec::new(), limit: packed_limit }) {
        Tap::Keep { bytes, .. } => Ok((bytes, plain)),
        Tap::Hash(_) => Ok((Vec::new(), plain)),
    }
}

fn read_info(control: &[u8]) -> Result<PkgInfo, ArchiveError> {
    let files = listing::files(control).map_err(ArchiveError::Control)?;
    // What follows the control files belongs to the data, and its names have no dot in front.
    if let Some(file) =
        files.iter().find(|file| !file.name.starts_with('.') || file.name.contains('/'))
    {
        let name = file.name.chars().take(80).collect::<String>();
        return Err(malformed(format!("{name:?} is among the control files")));
    }
    let info = files.into_iter().find(|file| file.name == ".PKGINFO");
    let info = info.ok_or_else(|| malformed("there is no .PKGINFO where it must stand"))?;
    PkgInfo::parse(&control[info.content]).map_err(ArchiveError::Info)
}
