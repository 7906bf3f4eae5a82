//! Where the modules of one kernel are on the host.

use std::io;
use std::path::{Path, PathBuf};

use crate::error::Error;

/// Where a directory that is the root of something has its modules.
const BELOW: [&str; 3] = ["", "lib/modules", "usr/lib/modules"];
/// What the directory of one kernel's modules has, at least one of them.
const MARKS: [&str; 4] = ["modules.order", "modules.builtin", "modules.dep", "kernel"];

/// The modules of one kernel on the host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// What `uname -r` says of the kernel.
    pub name: String,
    /// The directory.
    pub directory: PathBuf,
}

impl Release {
    /// Finds the one kernel whose modules are in a directory: it itself, or one below it, also
    /// below its `lib/modules`.
    pub fn find(directory: &Path) -> Result<Self, Error> {
        let unreadable = |source| Error::Directory { directory: directory.to_owned(), source };
        // The name of the directory counts, whatever it was called by.
        let directory = fs_err::canonicalize(directory).map_err(unreadable)?;
        if let Some(release) = Self::of(&directory) {
            return Ok(release);
        }
        for place in BELOW {
            let mut releases = Self::below(&directory.join(place)).map_err(unreadable)?;
            match releases.len() {
                0 => {}
                1 => return Ok(releases.remove(0)),
                _ => {
                    let releases = releases.into_iter().map(|release| release.name).collect();
                    return Err(Error::Several { directory, releases });
                }
            }
        }
        Err(Error::NoModules { directory })
    }

    fn of(directory: &Path) -> Option<Self> {
        let name = directory.file_name()?.to_str()?.to_owned();
        let is_marked = MARKS.iter().any(|mark| directory.join(mark).exists());
        // A name that looks like no release is some other directory with such a file.
        let is_release = is_marked && name.starts_with(|first: char| first.is_ascii_digit());
        is_release.then(|| Self { name, directory: directory.to_owned() })
    }

    fn below(directory: &Path) -> io::Result<Vec<Self>> {
        if !directory.is_dir() {
            return Ok(Vec::new());
        }
        let mut releases = Vec::new();
        for entry in fs_err::read_dir(directory)? {
            releases.extend(Self::of(&entry?.path()));
        }
        releases.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(releases)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_release_is_found_at_or_below_a_directory() {
        let host = tempfile::tempdir().unwrap();
        let release = host.path().join("lib/modules/6.1.0-9-cloud");
        fs_err::create_dir_all(release.join("kernel")).unwrap();
        for place in ["", "lib/modules", "lib/modules/6.1.0-9-cloud", "lib/modules/6.1.0-9-cloud/."]
        {
            let found = Release::find(&host.path().join(place)).unwrap();
            assert_eq!(found.name, "6.1.0-9-cloud", "{place}");
            assert_eq!(found.directory, fs_err::canonicalize(&release).unwrap());
        }
        let error = Release::find(&release.join("kernel")).unwrap_err();
        assert!(matches!(error, Error::NoModules { .. }), "{error}");
        fs_err::create_dir_all(host.path().join("lib/modules/5.10/kernel")).unwrap();
        let error = Release::find(host.path()).unwrap_err().to_string();
        assert!(error.contains("5.10, 6.1.0-9-cloud: name one of them"), "{error}");
        assert!(matches!(Release::find(Path::new("/absent")), Err(Error::Directory { .. })));
    }
}
