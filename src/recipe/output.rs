//! Where a tree is written, and in which form.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::{Image, Initrd, RecipeError};

/// Where a tree is written, and in which form.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Output {
    /// A directory, which must not hold anything yet.
    Directory(PathBuf),
    /// A tar archive.
    Tar {
        /// The file.
        path: PathBuf,
        /// How it is compressed.
        compression: Compression,
    },
    /// A disk image.
    Image(Image),
    /// An initrd.
    Initrd(Initrd),
}

/// How an archive is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Compression {
    /// Not at all.
    None,
    /// As gzip does.
    Gzip,
    /// As zstd does.
    Zstd,
}

const ENDINGS: [(&str, Compression); 5] = [
    (".tar", Compression::None),
    (".tar.gz", Compression::Gzip),
    (".tgz", Compression::Gzip),
    (".tar.zst", Compression::Zstd),
    (".tzst", Compression::Zstd),
];

// A directory of such a name would surprise whoever expected the format.
const OTHER_KINDS: [&str; 13] = [
    ".img",
    ".qcow2",
    ".raw",
    ".cpio",
    ".initrd",
    ".iso",
    ".ext4",
    ".squashfs",
    ".erofs",
    ".xfs",
    ".zip",
    ".xz",
    ".bz2",
];

impl Output {
    /// Tells from a path's ending what is to be written there.
    pub fn from_path(path: PathBuf) -> Result<Self, RecipeError> {
        let text = path.to_string_lossy().to_lowercase();
        if let Some((_, compression)) = ENDINGS.iter().find(|(ending, _)| text.ends_with(ending)) {
            return Ok(Self::Tar { path, compression: *compression });
        }
        if OTHER_KINDS.iter().any(|ending| text.ends_with(ending)) {
            return Err(RecipeError::OutputKind { path });
        }
        Ok(Self::Directory(path))
    }

    /// Refuses a place where it cannot be written, before anything is made.
    pub fn check_place(&self) -> Result<(), RecipeError> {
        let path = self.path();
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
        if let Some(missing) = parent.filter(|parent| !parent.exists()) {
            return Err(RecipeError::NoSuchFile { path: missing.to_owned() });
        }
        match self {
            Self::Directory(_) => Ok(()),
            _ if path.is_dir() => Err(RecipeError::OutputIsDirectory { path: path.to_owned() }),
            Self::Tar { .. } | Self::Image(_) | Self::Initrd(_) => Ok(()),
        }
    }

    /// The path that it is written to.
    pub fn path(&self) -> &Path {
        match self {
            Self::Directory(path) | Self::Tar { path, .. } => path,
            Self::Image(image) => &image.path,
            Self::Initrd(initrd) => &initrd.path,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Compression, Output};

    fn compression(path: &str) -> Option<Compression> {
        match Output::from_path(path.into()).unwrap() {
            Output::Tar { compression, .. } => Some(compression),
            _ => None,
        }
    }

    #[test]
    fn the_ending_decides_the_form() {
        assert_eq!(compression("rootfs.tar"), Some(Compression::None));
        assert_eq!(compression("a/b.TAR.GZ"), Some(Compression::Gzip));
        assert_eq!(compression("b.tar.zst"), Some(Compression::Zstd));
        assert_eq!(compression("rootfs"), None);
        assert_eq!(compression("debian-12.1/"), None);
    }

    #[test]
    fn a_name_of_another_format_is_refused() {
        for path in ["kata.img", "rootfs.cpio", "rootfs.tar.xz"] {
            assert!(Output::from_path(path.into()).is_err(), "{path}");
        }
    }
}
