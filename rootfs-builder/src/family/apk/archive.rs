//! Opens a package of version 2: gzip members with signatures, control files, and data.

mod contents;
mod head;
mod source;
#[cfg(test)]
mod tests;

use std::io::{self, BufRead as _, BufWriter, Write as _};
use std::path::Path;

use fs_err::File;
use sha2::{Digest as _, Sha256};
use tree::GuestPath;

use super::checksum::Checksum;
use super::listing::ListingError;
use super::pkginfo::{PkgInfo, PkgInfoError};
use super::signature::{Keys, SignatureError, Signatures};
use crate::decompress::{self, DecompressError};
use crate::digest::Digest;
use crate::family::opened::{Limits, OpenedPackage};
use crate::store::{BlobId, Shelf, Store, StoreError};
use head::Head;
use source::{Source, Tap};

const CONTROL_TAR: &str = "control.tar";
const DATA_TAR: &str = "data.tar";
/// What the index calls the package by, which its plain members no longer tell.
const CONTROL_CHECKSUM: &str = "control.sha1";
/// The end of a tar archive.
const TAR_END: [u8; 1024] = [0; 1024];

/// Why a package could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// It is in the format of apk 3, which this reads nothing of.
    #[error("the package has format version 3, which is not supported: only version 2 is")]
    Version3,
    /// It is not a package.
    #[error("not an apk package: {reason}")]
    Malformed {
        /// What is wrong with it.
        reason: String,
    },
    /// A member could not be decompressed.
    #[error("decompress {member} member")]
    Decompress {
        /// Which one.
        member: &'static str,
        /// The cause.
        source: DecompressError,
    },
    /// The signatures or the control files are not an archive such as packages have.
    #[error("the control member is malformed")]
    Control(#[source] ListingError),
    /// The package describes itself badly.
    #[error("the package describes itself badly")]
    Info(#[source] PkgInfoError),
    /// The data is not what the package says it is.
    #[error("the data has digest {actual}, the package says {expected}")]
    DataDigest {
        /// What the package says.
        expected: Digest,
        /// What it is.
        actual: Digest,
    },
    /// The data is not a sound archive.
    #[error("the data member is malformed")]
    Data(#[source] tree::Error),
    /// A file is not what the package says it is.
    #[error("{path} does not have the digest that the package says it has")]
    FileDigest {
        /// Which file.
        path: GuestPath,
    },
    /// The package is not in the store.
    #[error("package {0} is not in the store")]
    Absent(Digest),
    /// The package in the store is no longer what was downloaded; it has been removed.
    #[error("package {expected} was damaged in the store and has been removed: fetch it again")]
    Rotten {
        /// The digest of what was downloaded.
        expected: Digest,
    },
    /// The package could not be read.
    #[error("read package")]
    Read(#[source] io::Error),
    /// The store could not keep the members.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// A package that was downloaded: what it is, before anything of it is believed.
#[derive(Debug, Clone)]
pub struct Inspected {
    /// The checksum by which an index knows the package.
    pub control: Checksum,
    /// The digest of the whole file.
    pub sha256: Digest,
    /// The size of the whole file.
    pub size: u64,
    /// What it says it is; the digest of its data is the one that it says.
    pub info: PkgInfo,
    signatures: Signatures,
    packed: Vec<u8>,
}

impl Inspected {
    /// The names of the keys that claim to have signed it.
    pub fn signers(&self) -> impl Iterator<Item = &str> {
        self.signatures.signers()
    }

    /// Whether the package is the one that has this checksum in an index.
    pub fn is_of(&self, checksum: &Checksum) -> bool {
        checksum.fits(&self.packed)
    }

    /// Verifies the package's own signature, which covers the data by its digest; returns the
    /// name of the key.
    pub fn verify(&self, keys: &Keys) -> Result<&str, SignatureError> {
        self.signatures.verify(&self.packed, keys)
    }
}

/// Looks into a downloaded package, without decompressing its data.
pub fn inspect(path: &Path) -> Result<Inspected, ArchiveError> {
    let mut source = Source::new(File::open(path).map_err(ArchiveError::Read)?);
    let head = Head::read(&mut source, Limits::default().control_bytes)?;
    source.begin(Tap::Hash(Sha256::new()));
    io::copy(&mut source, &mut io::sink()).map_err(ArchiveError::Read)?;
    check_data(&mut source, &head.info)?;
    let (sha256, size) = source.finish().map_err(ArchiveError::Read)?;
    let Head { signatures, packed, info, .. } = head;
    Ok(Inspected { control: Checksum::sha1(&packed), sha256, size, info, signatures, packed })
}

/// Opens the package `id`, which must be in the store: once, for the plain members are kept.
pub fn open_package(
    store: &Store,
    id: BlobId,
    limits: Limits,
) -> Result<OpenedPackage, ArchiveError> {
    let directory = store.derived(Shelf::Opened, id.sha256, |directory| {
        let path = store.get(Shelf::Blobs, id)?.ok_or(ArchiveError::Absent(id.sha256))?;
        let mut source = Source::new(File::open(path).map_err(ArchiveError::Read)?);
        let opened = Opening { store, directory, limits }.read(&mut source);
        let (sha256, _) = source.finish().map_err(ArchiveError::Read)?;
        // A disk that lies is told apart from a package that is malformed.
        if sha256 != id.sha256 {
            store.discard(Shelf::Blobs, id.sha256)?;
            return Err(ArchiveError::Rotten { expected: id.sha256 });
        }
        opened
    })?;
    Ok(OpenedPackage {
        control_tar: directory.join(CONTROL_TAR),
        data_tar: directory.join(DATA_TAR).into(),
    })
}

/// Where the members of one package go.
struct Opening<'a> {
    store: &'a Store,
    directory: &'a Path,
    limits: Limits,
}

impl Opening<'_> {
    fn read(&self, source: &mut Source) -> Result<(), ArchiveError> {
        let head = Head::read(source, self.limits.control_bytes)?;
        let checksum = Checksum::sha1(&head.packed).to_string();
        for (name, bytes) in
            [(CONTROL_TAR, &head.control[..]), (CONTROL_CHECKSUM, checksum.as_bytes())]
        {
            let written = fs_err::write(self.directory.join(name), bytes);
            written.map_err(|error| self.store.error(error))?;
        }
        let path = self.directory.join(DATA_TAR);
        self.write_data(source, &path)?;
        check_data(source, &head.info)?;
        contents::check(&path)
    }

    fn write_data(&self, source: &mut Source, path: &Path) -> Result<(), ArchiveError> {
        let full = |error| ArchiveError::from(self.store.error(error));
        source.begin(Tap::Hash(Sha256::new()));
        if source.fill_buf().map_err(ArchiveError::Read)?.is_empty() {
            return Err(malformed("it has no data member"));
        }
        let mut file = BufWriter::new(File::create(path).map_err(full)?);
        let written = decompress::gunzip_member(source, &mut file, self.limits.data_bytes);
        let length = written.map_err(|error| match error {
            DecompressError::Write(source) => full(source),
            source => ArchiveError::Decompress { member: "data", source },
        })?;
        // A package without files may have an archive without even an end.
        if length == 0 {
            file.write_all(&TAR_END).map_err(full)?;
        }
        file.flush().map_err(full)?;
        match source.fill_buf().map_err(ArchiveError::Read)? {
            [] => Ok(()),
            _ => Err(malformed("something follows the data member")),
        }
    }
}

/// Compares the digest of the data member, which has just been read, with the one it should have.
fn check_data(source: &mut Source, info: &PkgInfo) -> Result<(), ArchiveError> {
    let Tap::Hash(hasher) = source.begin(Tap::Hash(Sha256::new())) else { return Ok(()) };
    match Digest::from_hasher(hasher) {
        actual if actual == info.data_hash => Ok(()),
        actual => Err(ArchiveError::DataDigest { expected: info.data_hash, actual }),
    }
}

fn malformed(reason: impl Into<String>) -> ArchiveError {
    ArchiveError::Malformed { reason: reason.into() }
}
