//! Puts packages' files into a tree the way apk does: who may overwrite whom, what is protected.

mod ledger;

use std::collections::BTreeMap;

use tree::{GuestPath, Kind, Meta, Node, Tree};

use super::accounts::Accounts;
use super::dependency::Dependency;
use super::package::{self, ApkPackage, Entry, Sum};
pub(crate) use ledger::{Access, Ledger};

/// Files below this directory are the administrator's: what stands there stays.
const PROTECTED: &[u8] = b"etc/";

/// What is added to the name of a file that did not take the place of a protected one.
const NEW_SUFFIX: &[u8] = b".apk-new";

/// Empty files of this name keep directories in archives, and are not installed.
const KEEPER: &[u8] = b".keep_";

/// Why a package's files could not be put into the tree.
#[derive(Debug, thiserror::Error)]
pub enum UnpackError {
    /// Two packages carry the same file and neither replaces the other.
    #[error("{package} and {other} both carry {path}, and neither replaces the other")]
    Overlap {
        /// The package being unpacked.
        package: String,
        /// The package that has the file.
        other: String,
        /// The file.
        path: GuestPath,
    },
    /// An entry of a package does not fit into the tree.
    #[error("{package}: place {path}")]
    Place {
        /// The package.
        package: String,
        /// The entry.
        path: GuestPath,
        /// Why.
        source: tree::Error,
    },
    /// A file stands where a package has a directory, or the reverse.
    #[error("{package}: {path} is a directory in one package and a file in another")]
    NotADirectory {
        /// The package being unpacked.
        package: String,
        /// The entry.
        path: GuestPath,
    },
    /// An entry is one that apk refuses.
    #[error("{package}: {path} {problem}")]
    Refused {
        /// The package being unpacked.
        package: String,
        /// The entry.
        path: GuestPath,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A file could not be read to compare it.
    #[error("{package}: digest {path}")]
    Digest {
        /// The package being unpacked.
        package: String,
        /// The file.
        path: GuestPath,
        /// Why.
        source: std::io::Error,
    },
}

/// Puts one package's entries into `tree`, and returns the paths that must be written anew.
pub(crate) fn unpack(
    tree: &mut Tree,
    ledger: &mut Ledger,
    packages: &[ApkPackage],
    at: usize,
) -> Result<Vec<GuestPath>, UnpackError> {
    let accounts = Accounts::read(tree);
    let mut unpacking = Unpacking {
        tree,
        ledger,
        packages,
        at,
        accounts,
        placed: BTreeMap::new(),
        written: Vec::new(),
    };
    unpacking.ledger.begin(at);
    for entry in &packages[at].entries {
        unpacking.entry(entry)?;
    }
    Ok(unpacking.written)
}

/// A file of the package being unpacked: where it is, and its digest.
struct Placed {
    place: Option<GuestPath>,
    node: Node,
    sum: Option<Sum>,
}

struct Unpacking<'a> {
    tree: &'a mut Tree,
    ledger: &'a mut Ledger,
    packages: &'a [ApkPackage],
    at: usize,
    accounts: Accounts,
    /// By the path that the archive spells, for the hard links that follow.
    placed: BTreeMap<GuestPath, Placed>,
    written: Vec<GuestPath>,
}

impl Unpacking<'_> {
    fn entry(&mut self, entry: &Entry) -> Result<(), UnpackError> {
        let path = &entry.path;
        // What begins with a dot belongs to the archive, not to the guest.
        if path.is_root() || path.as_bytes().starts_with(b".") {
            return Ok(());
        }
        if path.as_bytes().iter().any(u8::is_ascii_control) {
            return Err(self.refused(path, "has a control character in its name"));
        }
        let meta = self.owned_meta(entry);
        if entry.node.kind == Kind::Directory {
            return self.directory(path, meta);
        }
        let is_keeper = path.name().starts_with(KEEPER) && path.name().len() > KEEPER.len();
        if is_keeper { Ok(()) } else { self.file(entry, meta) }
    }

    /// The entry's meta with the numbers that its owners have in this guest.
    fn owned_meta(&self, entry: &Entry) -> Meta {
        let mut meta = entry.node.meta.clone();
        meta.uid = self.accounts.user(&entry.user).unwrap_or(meta.uid);
        meta.gid = self.accounts.group(&entry.group).unwrap_or(meta.gid);
        meta
    }

    fn directory(&mut self, path: &GuestPath, mut meta: Meta) -> Result<(), UnpackError> {
        let mut place = self.tree.resolve_parents(path).map_err(|e| self.misplaced(path, e))?;
        let access = Access::of(&meta);
        meta.xattrs.clear();
        match self.tree.get(&place).map(|node| &node.kind) {
            None => {
                let node = Node { meta, kind: Kind::Directory };
                self.insert(path, place.clone(), node)?;
            }
            Some(Kind::Directory) => {}
            // A link that leads to a directory counts as one: that is how merged `/usr` works.
            Some(Kind::Symlink(_)) => {
                place = self.tree.resolve(&place).map_err(|e| self.misplaced(path, e))?;
                if !self.tree.get(&place).is_some_and(|node| node.kind == Kind::Directory) {
                    return Err(self.not_a_directory(path));
                }
            }
            Some(_) => return Err(self.not_a_directory(path)),
        }
        self.ledger.add_directory(self.at, path, access, &place);
        if self.ledger.settle(self.tree, &place) {
            self.written.push(place);
        }
        Ok(())
    }

    fn file(&mut self, entry: &Entry, meta: Meta) -> Result<(), UnpackError> {
        let path = &entry.path;
        let parent = path.parent().unwrap_or_default();
        if !parent.is_root() && !self.ledger.has_directory(self.at, &parent) {
            return Err(self.refused(path, "lies in a directory that the archive does not have"));
        }
        let place = self.tree.resolve_parents(path).map_err(|e| self.misplaced(path, e))?;
        let access = Access::of(&meta);
        let (node, sum) = self.content(entry, meta)?;
        if self.tree.get(&place).is_some_and(|node| node.kind == Kind::Directory) {
            return Err(self.not_a_directory(path));
        }
        let known = self.ledger.owner(&place);
        if let Some((owner, owned_sum)) = known
            && owner != self.at
            && !self.takes_over(owner, &place, sum.is_some() && owned_sum == sum)?
        {
            self.placed.insert(path.clone(), Placed { place: None, node, sum });
            return Ok(());
        }
        let target = self.free_place(path, &place, known.map(|(_, sum)| sum), sum)?;
        if let Some(target) = &target {
            self.insert(path, target.clone(), node.clone())?;
        }
        self.ledger.add_file(self.at, path, place, (access, sum));
        self.placed.insert(path.clone(), Placed { place: target, node, sum });
        Ok(())
    }

    /// The node to place for an entry, and its digest.
    fn content(&self, entry: &Entry, meta: Meta) -> Result<(Node, Option<Sum>), UnpackError> {
        let path = &entry.path;
        if let Kind::HardLink(target) = &entry.node.kind {
            let Some(first) = self.placed.get(target) else {
                return Err(self.refused(path, "is a hard link to what its archive does not have"));
            };
            let node = match &first.place {
                Some(place) => Node { meta, kind: Kind::HardLink(place.clone()) },
                // Another's file stands there: this name gets the content that was not placed.
                None => first.node.clone(),
            };
            return Ok((node, first.sum));
        }
        let sum = match entry.sum {
            Some(sum) => Some(sum),
            None => self.digest(path, &entry.node.kind)?,
        };
        Ok((Node { meta, kind: entry.node.kind.clone() }, sum))
    }

    /// Whether this package's file takes the place of another's; false where that one stays.
    fn takes_over(
        &self,
        owner: usize,
        place: &GuestPath,
        is_same: bool,
    ) -> Result<bool, UnpackError> {
        let (ours, theirs) = (&self.packages[self.at], &self.packages[owner]);
        let has_origin = !ours.info.origin.is_empty();
        if has_origin && ours.info.origin == theirs.info.origin {
            return Ok(true);
        }
        match (priority_over(theirs, ours), priority_over(ours, theirs)) {
            (theirs, ours) if theirs > ours => Ok(false),
            (_, Some(_)) => Ok(true),
            _ if is_same => Ok(true),
            _ => Err(UnpackError::Overlap {
                package: ours.full_name(),
                other: theirs.full_name(),
                path: place.clone(),
            }),
        }
    }

    /// Where a file goes: to its place, beside a protected one, or nowhere if that one is the same.
    fn free_place(
        &self,
        path: &GuestPath,
        place: &GuestPath,
        known: Option<Option<Sum>>,
        sum: Option<Sum>,
    ) -> Result<Option<GuestPath>, UnpackError> {
        let is_protected = path.as_bytes().starts_with(PROTECTED);
        let Some(standing) = self.tree.inode(place).filter(|_| is_protected) else {
            return Ok(Some(place.clone()));
        };
        let found = self.digest(place, &standing.kind)?;
        if found.is_some() && known == Some(found) {
            return Ok(Some(place.clone()));
        }
        if found.is_some() && found == sum {
            return Ok(None);
        }
        let name = [place.name(), NEW_SUFFIX].concat();
        let parent = place.parent().unwrap_or_default();
        let beside = parent.join(name).map_err(|e| self.misplaced(path, e.into()))?;
        Ok(Some(beside))
    }

    fn insert(
        &mut self,
        path: &GuestPath,
        place: GuestPath,
        node: Node,
    ) -> Result<(), UnpackError> {
        self.tree.insert(place.clone(), node).map_err(|e| self.misplaced(path, e))?;
        self.written.push(place);
        Ok(())
    }

    fn digest(&self, path: &GuestPath, kind: &Kind) -> Result<Option<Sum>, UnpackError> {
        package::sum_of(kind).map_err(|source| UnpackError::Digest {
            package: self.name(),
            path: path.clone(),
            source,
        })
    }

    fn name(&self) -> String {
        self.packages[self.at].full_name()
    }

    fn misplaced(&self, path: &GuestPath, source: tree::Error) -> UnpackError {
        UnpackError::Place { package: self.name(), path: path.clone(), source }
    }

    fn not_a_directory(&self, path: &GuestPath) -> UnpackError {
        UnpackError::NotADirectory { package: self.name(), path: path.clone() }
    }

    fn refused(&self, path: &GuestPath, problem: &'static str) -> UnpackError {
        UnpackError::Refused { package: self.name(), path: path.clone(), problem }
    }
}

/// With which priority `package` declares that it takes over files of `other`, if it does.
fn priority_over(package: &ApkPackage, other: &ApkPackage) -> Option<u64> {
    let names_it = |word: &String| {
        Dependency::parse(word).is_ok_and(|dependency| {
            dependency.name == other.info.name
                && !dependency.is_conflict
                && dependency.accepts(Some(&other.info.version))
        })
    };
    package.info.replaces.iter().any(names_it).then_some(package.info.replaces_priority)
}
