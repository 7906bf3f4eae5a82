//! Follows the symbolic links that a tree holds, as a kernel rooted in the guest would.

use super::Tree;
use crate::error::Error;
use crate::node::Kind;
use crate::path::{GuestPath, PathError};

/// As many as Linux follows.
const SYMLINKS_MAX: usize = 40;
/// No kernel takes a longer path.
const TARGET_BYTES_MAX: usize = 4095;

impl Tree {
    /// Returns where `path` lies once the symbolic links in its parents are followed.
    ///
    /// Absolute targets begin at the guest's root, and `..` stops there. Components that the tree
    /// does not hold are taken as they are.
    pub fn resolve_parents(&self, path: &GuestPath) -> Result<GuestPath, Error> {
        let Some(parent) = path.parent() else { return Ok(path.clone()) };
        // Parents of nodes are directories, so a parent that is one needs no second look.
        if self.is_directory(&parent) {
            return Ok(path.clone());
        }
        Ok(self.resolve(&parent)?.join(path.name())?)
    }

    /// Returns where `path` lies once all symbolic links are followed, in the last component too.
    pub fn resolve(&self, path: &GuestPath) -> Result<GuestPath, Error> {
        let mut links = 0;
        let mut done = GuestPath::root();
        let mut pending = Vec::new();
        push_components(&mut pending, path.as_bytes());
        while let Some(component) = pending.pop() {
            match component.as_slice() {
                b"" | b"." => continue,
                b".." => done = done.parent().unwrap_or_default(),
                name => {
                    let next = done.join(name)?;
                    match self.inode(&next).map(|node| &node.kind) {
                        Some(Kind::Symlink(target)) => {
                            links += 1;
                            if links > SYMLINKS_MAX {
                                return Err(Error::TooManySymlinks { path: path.clone() });
                            }
                            check_length(target)?;
                            if target.starts_with(b"/") {
                                done = GuestPath::root();
                            }
                            push_components(&mut pending, target);
                        }
                        None | Some(Kind::Directory) => done = next,
                        Some(_) if pending.is_empty() => done = next,
                        Some(_) => return Err(Error::NotDirectory { path: next }),
                    }
                }
            }
        }
        Ok(done)
    }
}

fn check_length(target: &[u8]) -> Result<(), PathError> {
    if target.len() <= TARGET_BYTES_MAX {
        return Ok(());
    }
    Err(PathError::TooLong(String::from_utf8_lossy(&target[..200]).into_owned()))
}

/// Puts the components on the stack so that the first is taken first.
fn push_components(pending: &mut Vec<Vec<u8>>, path: &[u8]) {
    pending.extend(path.rsplit(|byte| *byte == b'/').map(<[u8]>::to_vec));
}
