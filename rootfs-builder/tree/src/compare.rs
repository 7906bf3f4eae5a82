//! In which paths and aspects two trees differ.

use std::fmt;

use crate::content::Content;
use crate::error::Error;
use crate::listing::{hexadecimal, kind_name};
use crate::node::{Kind, Meta};
use crate::path::GuestPath;
use crate::tree::Tree;

/// One aspect of one path in which two trees differ.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// Where.
    pub path: GuestPath,
    /// In what.
    pub aspect: Aspect,
    /// What the first tree has there, for people.
    pub first: String,
    /// What the second tree has there, for people.
    pub second: String,
}

/// An aspect in which the nodes at one path differ.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Aspect {
    /// Only the first tree has the path.
    OnlyInFirst,
    /// Only the second tree has the path.
    OnlyInSecond,
    /// File, directory, link, device; the other aspects are then not compared.
    Type,
    /// Permission bits.
    Mode,
    /// User or group.
    Owner,
    /// Size of a regular file.
    Size,
    /// Bytes of a regular file; compared only when the sizes are equal.
    Content,
    /// Target of a symbolic link, or number of a device.
    Target,
    /// Time of last modification.
    ModifiedTime,
    /// Extended attributes.
    Xattrs,
    /// Which other names the file has.
    LinkGroup,
}

impl fmt::Display for Difference {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { path, aspect, first, second } = self;
        write!(formatter, "{path}: {aspect:?}: {first} / {second}")
    }
}

/// Compares two trees path by path; hard links are compared as the files they name.
///
/// The result is sorted by path. Contents are read only where places and sizes do not decide.
pub fn compare(first: &Tree, second: &Tree) -> Result<Vec<Difference>, Error> {
    let mut differences = Vec::new();
    for (path, node) in first {
        if second.get(path).is_none() {
            let aspect = Aspect::OnlyInFirst;
            let first = kind_name(&node.kind).to_owned();
            let second = "absent".to_owned();
            differences.push(Difference { path: path.clone(), aspect, first, second });
            continue;
        }
        let mut pair = Pair { path, differences: &mut differences };
        pair.compare(first, second)?;
    }
    for (path, node) in second {
        if first.get(path).is_none() {
            let aspect = Aspect::OnlyInSecond;
            let first = "absent".to_owned();
            let second = kind_name(&node.kind).to_owned();
            differences.push(Difference { path: path.clone(), aspect, first, second });
        }
    }
    differences.sort_by(|a, b| (&a.path, a.aspect).cmp(&(&b.path, b.aspect)));
    Ok(differences)
}

/// The nodes that two trees have at one path.
struct Pair<'a> {
    path: &'a GuestPath,
    differences: &'a mut Vec<Difference>,
}

impl Pair<'_> {
    fn compare(&mut self, first: &Tree, second: &Tree) -> Result<(), Error> {
        let (Some(a), Some(b)) = (first.inode(self.path), second.inode(self.path)) else {
            return Ok(());
        };
        if std::mem::discriminant(&a.kind) != std::mem::discriminant(&b.kind) {
            self.differ(Aspect::Type, &a.kind, &b.kind, |kind| kind_name(kind).to_owned());
            return Ok(());
        }
        self.compare_kind(&a.kind, &b.kind)?;
        self.compare_meta(&a.meta, &b.meta);
        let (ours, theirs) = (first.names(self.path), second.names(self.path));
        self.differ(Aspect::LinkGroup, &ours, &theirs, |names| format!("{names:?}"));
        Ok(())
    }

    fn compare_meta(&mut self, first: &Meta, second: &Meta) {
        let (a, b) = (first, second);
        self.differ(Aspect::Mode, &a.mode, &b.mode, |mode| format!("{mode:04o}"));
        let owners = ((a.uid, a.gid), (b.uid, b.gid));
        self.differ(Aspect::Owner, &owners.0, &owners.1, |(uid, gid)| format!("{uid}:{gid}"));
        self.differ(Aspect::ModifiedTime, &a.mtime, &b.mtime, |time| {
            format!("{}.{:09}", time.seconds, time.nanoseconds)
        });
        self.differ(Aspect::Xattrs, &a.xattrs, &b.xattrs, |xattrs| {
            let shown = xattrs
                .iter()
                .map(|(name, value)| format!("{}={}", name.escape_ascii(), value.escape_ascii()));
            shown.collect::<Vec<_>>().join(" ")
        });
    }

    fn compare_kind(&mut self, first: &Kind, second: &Kind) -> Result<(), Error> {
        match (first, second) {
            (Kind::File(a), Kind::File(b)) => return self.compare_content(a, b),
            (Kind::Symlink(a), Kind::Symlink(b)) => {
                self.differ(Aspect::Target, a, b, |target| target.escape_ascii().to_string());
            }
            (a, b) => self.differ(Aspect::Target, a, b, |kind| format!("{kind:?}")),
        }
        Ok(())
    }

    fn compare_content(&mut self, first: &Content, second: &Content) -> Result<(), Error> {
        let (ours, theirs) = (first.length(), second.length());
        if ours != theirs {
            self.differ(Aspect::Size, &ours, &theirs, u64::to_string);
            return Ok(());
        }
        let failed = |source| Error::Content { path: self.path.clone(), source };
        if !first.has_bytes_of(second).map_err(failed)? {
            let (ours, theirs) =
                (first.sha256().map_err(failed)?, second.sha256().map_err(failed)?);
            self.differ(Aspect::Content, &ours, &theirs, |digest| hexadecimal(digest));
        }
        Ok(())
    }

    fn differ<T: PartialEq>(
        &mut self,
        aspect: Aspect,
        first: &T,
        second: &T,
        show: impl Fn(&T) -> String,
    ) {
        if first != second {
            let (first, second) = (show(first), show(second));
            self.differences.push(Difference { path: self.path.clone(), aspect, first, second });
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::node::{Node, Timestamp};

    fn path(text: &str) -> GuestPath {
        GuestPath::new(text).unwrap()
    }

    fn tree() -> Tree {
        let mut tree = Tree::new();
        let mut insert = |name, kind| {
            tree.insert(path(name), Node { meta: Meta::default(), kind }).unwrap();
        };
        insert("file", Kind::File(Content::from(b"one".to_vec())));
        insert("link", Kind::HardLink(path("file")));
        insert("symlink", Kind::Symlink((*b"file").into()));
        insert("null", Kind::CharDevice { major: 1, minor: 3 });
        tree
    }

    fn check(change: impl FnOnce(&mut Tree), expected: &[(&str, Aspect)]) {
        let (first, mut second) = (tree(), tree());
        change(&mut second);
        let found = compare(&first, &second).unwrap();
        let found: Vec<_> = found.iter().map(|found| (found.path.clone(), found.aspect)).collect();
        let expected: Vec<_> = expected.iter().map(|(at, aspect)| (path(at), *aspect)).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn equal_trees_do_not_differ() {
        check(|_| (), &[]);
    }

    #[test]
    fn meta_of_a_file_differs_at_all_its_names() {
        check(
            |tree| {
                let meta = tree.meta_mut(&path("link")).unwrap();
                meta.mode = 1;
                meta.gid = 1;
                meta.mtime = Timestamp::from_seconds(1);
                meta.xattrs.insert((*b"user.a").into(), (*b"b").into());
            },
            &[
                ("file", Aspect::Mode),
                ("file", Aspect::Owner),
                ("file", Aspect::ModifiedTime),
                ("file", Aspect::Xattrs),
                ("link", Aspect::Mode),
                ("link", Aspect::Owner),
                ("link", Aspect::ModifiedTime),
                ("link", Aspect::Xattrs),
            ],
        );
    }

    #[test]
    fn content_size_target_and_device_differ() {
        let set = |tree: &mut Tree, bytes: &[u8]| {
            *tree.content_mut(&path("file")).unwrap() = Content::from(bytes.to_vec());
        };
        check(|tree| set(tree, b"two"), &[("file", Aspect::Content), ("link", Aspect::Content)]);
        check(|tree| set(tree, b"three"), &[("file", Aspect::Size), ("link", Aspect::Size)]);
        let insert = |tree: &mut Tree, name, kind| {
            tree.insert(path(name), Node { meta: Meta::default(), kind }).unwrap();
        };
        check(
            |tree| insert(tree, "symlink", Kind::Symlink((*b"other").into())),
            &[("symlink", Aspect::Target)],
        );
        check(
            |tree| insert(tree, "null", Kind::CharDevice { major: 1, minor: 4 }),
            &[("null", Aspect::Target)],
        );
        check(
            |tree| insert(tree, "null", Kind::BlockDevice { major: 1, minor: 3 }),
            &[("null", Aspect::Type)],
        );
    }

    #[test]
    fn absent_paths_and_split_link_groups_are_found() {
        check(
            |tree| {
                let inode = tree.get(&path("file")).unwrap().clone();
                tree.remove(&path("link"));
                tree.insert(path("link"), inode).unwrap();
                tree.remove(&path("null"));
                tree.insert(path("zero"), Node { meta: Meta::default(), kind: Kind::Fifo })
                    .unwrap();
            },
            &[
                ("file", Aspect::LinkGroup),
                ("link", Aspect::LinkGroup),
                ("null", Aspect::OnlyInFirst),
                ("zero", Aspect::OnlyInSecond),
            ],
        );
    }
}
