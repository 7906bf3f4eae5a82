//! Files and directories that cross between this machine and the guest.

use std::fs::Metadata;
use std::io::{BufReader, Write as _};
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::str::FromStr;
use std::time::Duration;

use agent_protocol::{Get, Put, Start};
use anyhow::Context as _;
use vm_runner::Session;
use vm_runner::session::{Exit, Streams};

use crate::boot::{BootError, Mounted, Said};
use crate::recipe::RecipeError;

/// A file that is copied into the guest: `HOST:GUEST`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyIn {
    host: PathBuf,
    guest: String,
}

/// A file that is copied out of the guest: `GUEST:HOST`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CopyOut {
    guest: String,
    host: PathBuf,
}

impl FromStr for CopyIn {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.rsplit_once(':') {
            Some((host, guest)) if !host.is_empty() && guest.starts_with('/') => {
                Ok(Self { host: host.into(), guest: guest.to_owned() })
            }
            _ => Err("write HOST:GUEST, with an absolute path in the guest"),
        }
    }
}

impl FromStr for CopyOut {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(':') {
            Some((guest, host)) if guest.starts_with('/') && !host.is_empty() => {
                Ok(Self { guest: guest.to_owned(), host: host.into() })
            }
            _ => Err("write GUEST:HOST, with an absolute path in the guest"),
        }
    }
}

impl CopyIn {
    /// Looks whether it can be copied, before a guest is started for it.
    pub fn check(&self) -> anyhow::Result<Metadata> {
        if !self.host.exists() {
            return Err(RecipeError::NoSuchFile { path: self.host.clone() }.into());
        }
        let metadata = fs_err::metadata(&self.host)?;
        match metadata.is_file() {
            true => Ok(metadata),
            false => Err(BootError::NotAFile(self.host.clone()).into()),
        }
    }

    /// Copies it.
    pub fn run(&self, session: &Session) -> anyhow::Result<()> {
        let metadata = self.check()?;
        let put = Put {
            path: self.guest.clone().into_bytes(),
            mode: metadata.permissions().mode() & 0o7777,
            size: metadata.len(),
        };
        let mut source = BufReader::with_capacity(1 << 16, fs_err::File::open(&self.host)?);
        session.put(put, &mut source)?;
        Ok(())
    }
}

impl CopyOut {
    /// Looks whether it can be copied, before a guest is started for it.
    pub fn check(&self) -> Result<(), RecipeError> {
        match self.directory() {
            directory if directory.is_dir() => Ok(()),
            directory => Err(RecipeError::NoSuchFile { path: directory.to_owned() }),
        }
    }

    fn directory(&self) -> &Path {
        let directory = self.host.parent().filter(|parent| !parent.as_os_str().is_empty());
        directory.unwrap_or(Path::new("."))
    }

    /// Copies it; the file here appears when it is whole.
    pub fn run(&self, session: &Session) -> anyhow::Result<()> {
        let directory = self.directory();
        let mut file = tempfile::Builder::new()
            .permissions(std::fs::Permissions::from_mode(0o666))
            .tempfile_in(directory)
            .with_context(|| format!("make a file in {}", directory.display()))?;
        session.get(Get { path: self.guest.clone().into_bytes() }, &mut file)?;
        file.flush()?;
        file.persist(&self.host).with_context(|| format!("write {}", self.host.display()))?;
        Ok(())
    }
}

/// How long a guest may take to mount a directory.
const MOUNT_LIMIT: Duration = Duration::from_secs(30);

/// Has the guest mount what it is to see of this machine.
pub fn mount_shares(session: &Session, shares: &[Mounted]) -> anyhow::Result<()> {
    for Mounted { tag, place, is_read_only } in shares {
        let access = if *is_read_only { "ro" } else { "rw" };
        let options = format!("trans=virtio,version=9p2000.L,msize=262144,{access}");
        let mount = ["mount", "-t", "9p", "-o", &options, tag, place];
        for words in [&["mkdir", "-p", place][..], &mount] {
            let said = Said::default();
            let start = Start {
                arguments: words.iter().map(|word| word.as_bytes().to_vec()).collect(),
                ..Start::default()
            };
            let streams = Streams {
                input: None,
                output: Box::new(std::io::sink()),
                errors: Box::new(said.clone()),
            };
            if session.run(start, streams, Some(MOUNT_LIMIT))? != Exit::Status(0) {
                return Err(BootError::Share { place: place.clone(), said: said.text() }.into());
            }
        }
    }
    Ok(())
}

/// The words of a command as bytes.
pub fn bytes(word: impl AsRef<std::ffi::OsStr>) -> Vec<u8> {
    word.as_ref().as_bytes().to_vec()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn places_are_split_where_the_guests_begins() {
        let copy: CopyIn = "/a:b:/c".parse().unwrap();
        assert_eq!((copy.host, copy.guest.as_str()), ("/a:b".into(), "/c"));
        let copy: CopyOut = "/c:/a:b".parse().unwrap();
        assert_eq!((copy.guest.as_str(), copy.host), ("/c", "/a:b".into()));
        for wrong in ["", "a", "a:b", ":/b"] {
            assert!(wrong.parse::<CopyIn>().is_err(), "{wrong}");
            assert!(wrong.parse::<CopyOut>().is_err(), "{wrong}");
        }
    }
}
