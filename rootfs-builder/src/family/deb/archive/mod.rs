//! Opens a `.deb`: an ar archive of a control and a data member (deb(5)).

mod member;
#[cfg(test)]
mod tests;

use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use fs_err::File;
use sha2::Digest as _;

use crate::decompress::{self, DecompressError};
use crate::digest::Digest;
use crate::family::opened::{Limits, OpenedPackage};
use crate::store::{BlobId, Shelf, Store, StoreError};
use member::{Header, Role};

const CONTROL_TAR: &str = "control.tar";
const DATA_TAR: &str = "data.tar";
const BUFFER_BYTES: usize = 256 * 1024;
const VERSION_MAX_BYTES: u64 = 4096;

/// Why a package could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// The archive is not a `.deb` of a kind that is understood.
    #[error("not a Debian package: {reason}")]
    Malformed {
        /// What is wrong with it.
        reason: String,
    },
    /// The members are compressed in a way that no supported release uses.
    #[error("member {member} is compressed in a way that is not supported")]
    Compression {
        /// The member's name.
        member: String,
    },
    /// A member could not be decompressed.
    #[error("decompress {member}")]
    Decompress {
        /// The member's name.
        member: String,
        /// The cause.
        source: DecompressError,
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

/// Opens the package `id`, which must be in the store: once, for the plain members are kept.
pub fn open_package(
    store: &Store,
    id: BlobId,
    limits: Limits,
) -> Result<OpenedPackage, ArchiveError> {
    let directory = store.derived(Shelf::Opened, id.sha256, |directory| {
        let path = store.get(Shelf::Blobs, id)?.ok_or(ArchiveError::Absent(id.sha256))?;
        let file = File::open(path).map_err(ArchiveError::Read)?;
        open_checked(store, id, file, &Opening { store, directory, limits })
    })?;
    Ok(OpenedPackage {
        control_tar: directory.join(CONTROL_TAR),
        data_tar: directory.join(DATA_TAR).into(),
    })
}

fn open_checked(
    store: &Store,
    id: BlobId,
    file: File,
    opening: &Opening<'_>,
) -> Result<(), ArchiveError> {
    let hashing = Hashing { inner: file, hasher: sha2::Sha256::new() };
    let mut input = BufReader::with_capacity(BUFFER_BYTES, hashing);
    let opened = opening.read_archive(&mut input);
    io::copy(&mut input, &mut io::sink()).map_err(ArchiveError::Read)?;
    // A disk that lies is told apart from a package that is malformed.
    if Digest::from_hasher(input.into_inner().hasher) != id.sha256 {
        store.discard(Shelf::Blobs, id.sha256)?;
        return Err(ArchiveError::Rotten { expected: id.sha256 });
    }
    opened
}

/// Where the members of one package go.
struct Opening<'a> {
    store: &'a Store,
    directory: &'a Path,
    limits: Limits,
}

impl Opening<'_> {
    fn read_archive(&self, input: &mut dyn BufRead) -> Result<(), ArchiveError> {
        member::read_magic(input)?;
        let mut wanted = Some(Role::Version);
        while let Some(header) = Header::read(input)? {
            let mut content = input.take(header.size);
            wanted = match (wanted, header.role()) {
                (Some(Role::Version), Some(Role::Version)) => {
                    check_version(&mut content)?;
                    Some(Role::Control)
                }
                (Some(Role::Control), Some(Role::Control)) => {
                    self.write_member(&header, CONTROL_TAR, &mut content)?;
                    Some(Role::Data)
                }
                (Some(Role::Data), Some(Role::Data)) => {
                    self.write_member(&header, DATA_TAR, &mut content)?;
                    None
                }
                // deb(5): such members may stand anywhere but in front.
                (Some(Role::Control | Role::Data), None) if header.is_private() => wanted,
                // deb(5): what follows the data is ignored.
                (None, _) => None,
                (Some(role), _) => return Err(header.unexpected(role)),
            };
            io::copy(&mut content, &mut io::sink()).map_err(ArchiveError::Read)?;
            if content.limit() != 0 {
                return Err(malformed(format!("member {} is cut off", header.name)));
            }
            header.skip_padding(input)?;
        }
        match wanted {
            None => Ok(()),
            Some(role) => Err(malformed(format!("there is no {}", role.name()))),
        }
    }

    fn write_member(
        &self,
        header: &Header,
        name: &str,
        content: &mut dyn BufRead,
    ) -> Result<(), ArchiveError> {
        let compression = header.compression()?;
        let path = self.directory.join(name);
        let mut file = File::create(path).map_err(|error| self.store.error(error))?;
        let limit = match name {
            CONTROL_TAR => self.limits.control_bytes,
            _ => self.limits.data_bytes,
        };
        decompress::decompress(compression, content, header.size, &mut file, limit)
            .map(|_| ())
            .map_err(|error| match error {
                DecompressError::Write(source) => self.store.error(source).into(),
                source => ArchiveError::Decompress { member: header.name.clone(), source },
            })
    }
}

fn check_version(content: &mut dyn BufRead) -> Result<(), ArchiveError> {
    let mut text = Vec::new();
    content.take(VERSION_MAX_BYTES).read_to_end(&mut text).map_err(ArchiveError::Read)?;
    // deb(5): a higher minor version and further lines are for newer programs.
    let is_version_2 = text.strip_prefix(b"2.").and_then(|rest| {
        let end = rest.iter().position(|byte| *byte == b'\n')?;
        (end > 0 && rest[..end].iter().all(u8::is_ascii_digit)).then_some(())
    });
    is_version_2.ok_or_else(|| {
        let shown = String::from_utf8_lossy(&text[..text.len().min(20)]).into_owned();
        malformed(format!("format version is {shown:?}, not 2.x"))
    })
}

fn malformed(reason: impl Into<String>) -> ArchiveError {
    ArchiveError::Malformed { reason: reason.into() }
}

/// A file whose digest is known once it has been read to its end.
struct Hashing {
    inner: File,
    hasher: sha2::Sha256,
}

impl Read for Hashing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.hasher.update(&buffer[..count]);
        Ok(count)
    }
}
