//! A path inside the guest, checked once when it is made.

use std::borrow::Borrow;
use std::fmt;

/// A path inside the guest: any bytes, no leading slash, no `.` or `..`, empty for the root.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct GuestPath(Box<[u8]>);

/// Why some bytes are not a path inside the guest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PathError {
    /// The path names a parent directory.
    #[error("path {0:?} climbs out of the guest")]
    Climbs(String),
    /// The path holds a NUL byte, which no file system can store.
    #[error("path {0:?} holds a NUL byte")]
    Nul(String),
    /// A component is longer than any file system allows.
    #[error("path {0:?} has a component of more than 255 bytes")]
    ComponentTooLong(String),
    /// The whole path is longer than the kernel accepts.
    #[error("path {0:?} is longer than 4095 bytes")]
    TooLong(String),
}

impl GuestPath {
    /// The guest's root directory.
    pub fn root() -> Self {
        Self::default()
    }

    /// Reads a path as archives spell it: `./usr/bin`, `/usr/bin`, `usr/bin/` are one path.
    pub fn new(bytes: impl AsRef<[u8]>) -> Result<Self, PathError> {
        Self::root().join(bytes)
    }

    /// The bytes, without a leading slash.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether this is the guest's root directory.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The directory that holds this path; none for the root.
    pub fn parent(&self) -> Option<GuestPath> {
        if self.is_root() {
            return None;
        }
        Some(Self(self.parent_bytes().into()))
    }

    /// The bytes of the parent; empty for those in the root, and for the root itself.
    pub(crate) fn parent_bytes(&self) -> &[u8] {
        let end = self.0.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
        &self.0[..end]
    }

    /// The last component; empty for the root.
    pub fn name(&self) -> &[u8] {
        let start = self.0.iter().rposition(|byte| *byte == b'/').map_or(0, |at| at + 1);
        &self.0[start..]
    }

    /// The path of `relative` below this one.
    pub fn join(&self, relative: impl AsRef<[u8]>) -> Result<GuestPath, PathError> {
        let relative = relative.as_ref();
        let shown = || {
            let whole = match self.is_root() {
                true => relative.to_vec(),
                false => [&self.0, relative].join(&b'/'),
            };
            String::from_utf8_lossy(&whole[..whole.len().min(200)]).into_owned()
        };
        if relative.contains(&0) {
            return Err(PathError::Nul(shown()));
        }
        let slash = usize::from(!self.is_root());
        let mut path = Vec::with_capacity(self.0.len() + slash + relative.len());
        path.extend_from_slice(&self.0);
        for component in relative.split(|byte| *byte == b'/') {
            match component {
                b"" | b"." => continue,
                b".." => return Err(PathError::Climbs(shown())),
                long if long.len() > 255 => return Err(PathError::ComponentTooLong(shown())),
                name => {
                    if !path.is_empty() {
                        path.push(b'/');
                    }
                    path.extend_from_slice(name);
                }
            }
        }
        if path.len() > 4095 {
            return Err(PathError::TooLong(shown()));
        }
        Ok(Self(path.into()))
    }

    /// Whether this path is `ancestor` or lies below it.
    pub fn is_within(&self, ancestor: &GuestPath) -> bool {
        ancestor.is_root()
            || (self.0.starts_with(&ancestor.0)
                && matches!(self.0.get(ancestor.0.len()), None | Some(b'/')))
    }

    /// The components from the root down.
    pub fn components(&self) -> impl DoubleEndedIterator<Item = &[u8]> {
        self.0.split(|byte| *byte == b'/').filter(|component| !component.is_empty())
    }
}

/// Order, equality and hash of a path are those of its bytes, so maps can be searched by bytes.
impl Borrow<[u8]> for GuestPath {
    fn borrow(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for GuestPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "/{}", self.0.escape_ascii())
    }
}

impl fmt::Debug for GuestPath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{self}")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn check(spelling: &[u8], expected: &str) {
        assert_eq!(GuestPath::new(spelling).unwrap().as_bytes(), expected.as_bytes());
    }

    #[test]
    fn every_spelling_of_a_path_is_one_path() {
        for spelling in ["usr/bin", "/usr/bin", "./usr/bin/", "//usr/./bin//."] {
            check(spelling.as_bytes(), "usr/bin");
        }
        for spelling in ["", "/", ".", "./", "///."] {
            check(spelling.as_bytes(), "");
        }
        check(b"..a/b../...", "..a/b../...");
    }

    #[test]
    fn paths_that_climb_or_cannot_exist_are_refused() {
        let refused = |bytes: &[u8]| GuestPath::new(bytes).unwrap_err();
        for climbing in ["..", "/..", "a/../b", "a/.."] {
            assert_eq!(refused(climbing.as_bytes()), PathError::Climbs(climbing.to_owned()));
        }
        assert!(matches!(refused(b"a\0b"), PathError::Nul(_)));
        assert!(matches!(refused(&[b'a'; 256]), PathError::ComponentTooLong(_)));
        assert!(matches!(refused("a/".repeat(2049).as_bytes()), PathError::TooLong(_)));
        assert_eq!(GuestPath::new("a/".repeat(2048)).unwrap().as_bytes().len(), 4095);
        assert!(GuestPath::root().join("../x").is_err());
    }

    #[test]
    fn a_path_has_a_parent_a_name_and_components() {
        let path = GuestPath::new("usr/bin/env").unwrap();
        assert_eq!(path.parent(), Some(GuestPath::new("usr/bin").unwrap()));
        assert_eq!(path.name(), b"env");
        assert_eq!(path.components().collect::<Vec<_>>(), [&b"usr"[..], b"bin", b"env"]);
        assert_eq!(GuestPath::new("usr").unwrap().parent(), Some(GuestPath::root()));
        assert_eq!(GuestPath::root().parent(), None);
        assert_eq!(GuestPath::root().components().count(), 0);
        assert_eq!(GuestPath::root().join("/a//b").unwrap(), GuestPath::new("a/b").unwrap());
    }

    #[test]
    fn within_means_whole_components() {
        let is_within = |path: &str, ancestor: &str| {
            GuestPath::new(path).unwrap().is_within(&GuestPath::new(ancestor).unwrap())
        };
        assert!(is_within("usr/bin", "usr") && is_within("usr", "usr") && is_within("usr", ""));
        assert!(!is_within("usrlocal", "usr") && !is_within("usr", "usr/bin"));
    }

    #[test]
    fn shown_paths_begin_with_a_slash_and_are_one_line() {
        assert_eq!(GuestPath::root().to_string(), "/");
        assert_eq!(GuestPath::new(b"a\n\xff").unwrap().to_string(), "/a\\n\\xff");
    }
}
