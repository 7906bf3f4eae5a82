//! Opens an index as it is downloaded: signatures, then the archive of what they sign.

use std::ops::Range;

use crate::decompress::{self, Compression, DecompressError};
use crate::family::apk::listing::{self, ListingError};
use crate::family::apk::signature::{Keys, SignatureError, Signatures};

/// What no archive of signatures is larger than.
const SIGNATURES_BYTES_MAX: u64 = 256 << 10;
const DESCRIPTION_BYTES_MAX: usize = 4096;

/// An index whose signature is good.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifiedIndex {
    /// What describes every package.
    pub text: Vec<u8>,
    /// What the repository calls this state of itself; may be empty.
    pub description: String,
    /// The name of the key that signed it; none if nobody asked for a signature.
    pub signed_by: Option<String>,
}

/// Why a downloaded index was refused.
#[derive(Debug, thiserror::Error)]
pub enum OpenIndexError {
    /// It is in the format of apk 3, which this reads nothing of.
    #[error("the index has format version 3, which is not supported: only version 2 is")]
    Version3,
    /// It is not signed by a trusted key.
    #[error("the index is not trusted")]
    Signature(#[from] SignatureError),
    /// It could not be decompressed.
    #[error("decompress index")]
    Decompress(#[from] DecompressError),
    /// It is not an archive such as indexes are.
    #[error("the index is malformed")]
    Listing(#[from] ListingError),
    /// The list of packages is not there.
    #[error("the index lists no packages: there is no file APKINDEX in it")]
    Absent,
}

/// Opens an index that must be signed by one of `keys`; it becomes at most `limit` bytes.
///
/// Nothing behind the signature is looked at before it is verified.
pub fn open_index(bytes: &[u8], keys: &Keys, limit: u64) -> Result<VerifiedIndex, OpenIndexError> {
    let (signatures, signed) = split(bytes)?;
    let signer = signatures.verify(signed, keys)?.to_owned();
    let index = read(signed, limit)?;
    Ok(VerifiedIndex { signed_by: Some(signer), ..index })
}

/// Opens an index and does not care who made it.
pub fn open_unverified_index(bytes: &[u8], limit: u64) -> Result<VerifiedIndex, OpenIndexError> {
    read(split(bytes)?.1, limit)
}

/// Takes the signatures off.
fn split(bytes: &[u8]) -> Result<(Signatures, &[u8]), OpenIndexError> {
    if bytes.starts_with(b"ADB") {
        return Err(OpenIndexError::Version3);
    }
    let mut signatures = Signatures::default();
    let (mut tar, mut rest) = (Vec::new(), bytes);
    match decompress::gunzip_member(&mut rest, &mut tar, SIGNATURES_BYTES_MAX) {
        Ok(_) if signatures.take(&tar)? => Ok((signatures, rest)),
        // Without a signature, the archive of packages is the first.
        Ok(_) | Err(DecompressError::TooLarge { .. }) => Ok((signatures, bytes)),
        Err(error) => Err(error.into()),
    }
}

fn read(signed: &[u8], limit: u64) -> Result<VerifiedIndex, OpenIndexError> {
    let (length, mut rest, mut tar) = (signed.len() as u64, signed, Vec::new());
    decompress::decompress(Compression::Gzip, &mut rest, length, &mut tar, limit)?;
    let mut description = String::new();
    let mut packages: Option<Range<usize>> = None;
    for file in listing::files(&tar)? {
        match file.name.as_str() {
            "APKINDEX" => packages = Some(file.content),
            "DESCRIPTION" => {
                let bytes = &tar[file.content];
                let bytes = &bytes[..bytes.len().min(DESCRIPTION_BYTES_MAX)];
                description = String::from_utf8_lossy(bytes).trim().to_owned();
            }
            // So do the files of packages and signatures.
            name if name.starts_with('.') => {
                return Err(ListingError::Unexpected { name: file.name }.into());
            }
            _ => {}
        }
    }
    let packages = packages.ok_or(OpenIndexError::Absent)?;
    tar.truncate(packages.end);
    tar.drain(..packages.start);
    Ok(VerifiedIndex { text: tar, description, signed_by: None })
}
