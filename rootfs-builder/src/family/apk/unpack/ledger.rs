//! Which package owns which file, as the guest's database will say it.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use sha1::{Digest as _, Sha1};
use tree::{GuestPath, Kind, Meta, Tree};

use crate::family::apk::package::Sum;

/// Owner, mode and attributes of an entry, as its package has them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Access {
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) mode: u16,
    /// The digest of the extended attributes, if there are any.
    pub(crate) xattrs: Option<Sum>,
}

impl Access {
    /// What directories have that packages say nothing about.
    pub(crate) const DIRECTORY: Self = Self { uid: 0, gid: 0, mode: 0o755, xattrs: None };
    /// What files have that packages say nothing about.
    pub(crate) const FILE: Self = Self { uid: 0, gid: 0, mode: 0o644, xattrs: None };

    /// What an entry of this meta has.
    pub(crate) fn of(meta: &Meta) -> Self {
        let mut hasher = Sha1::new();
        for (name, value) in &meta.xattrs {
            for part in [name, value] {
                hasher.update(u32::try_from(part.len()).unwrap_or(u32::MAX).to_be_bytes());
                hasher.update(part);
            }
        }
        let xattrs = (!meta.xattrs.is_empty()).then(|| hasher.finalize().into());
        Self { uid: meta.uid, gid: meta.gid, mode: meta.mode & 0o7777, xattrs }
    }
}

/// A directory of a package, with the package's files in it.
#[derive(Debug, Clone)]
pub(crate) struct OwnedDirectory {
    /// As the package spells it.
    pub(crate) path: GuestPath,
    pub(crate) access: Access,
    pub(crate) files: Vec<OwnedFile>,
}

/// A file of a package.
#[derive(Debug, Clone)]
pub(crate) struct OwnedFile {
    /// The last component of its path.
    pub(crate) name: Box<[u8]>,
    pub(crate) access: Access,
    pub(crate) sum: Option<Sum>,
    number: usize,
}

/// Which package owns which file.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ledger {
    owners: HashMap<GuestPath, Owner>,
    /// The numbers of files that another package has taken over.
    lost: HashSet<usize>,
    files: usize,
    /// Directories and files of each package, by its position.
    packages: BTreeMap<usize, Record>,
    /// What all packages of a directory agree on, by the directory's place.
    shared: BTreeMap<GuestPath, Access>,
}

#[derive(Debug, Clone, Copy)]
struct Owner {
    package: usize,
    sum: Option<Sum>,
    number: usize,
}

#[derive(Debug, Clone, Default)]
struct Record {
    directories: Vec<OwnedDirectory>,
    by_path: HashMap<GuestPath, usize>,
}

impl Ledger {
    /// Begins the record of a package, which stays even if it has no file.
    pub(crate) fn begin(&mut self, package: usize) {
        self.packages.entry(package).or_default();
    }

    /// Who owns the file at a place, and its digest.
    pub(crate) fn owner(&self, place: &GuestPath) -> Option<(usize, Option<Sum>)> {
        self.owners.get(place).map(|owner| (owner.package, owner.sum))
    }

    /// Whether a package has this directory.
    pub(crate) fn has_directory(&self, package: usize, path: &GuestPath) -> bool {
        self.packages.get(&package).is_some_and(|record| record.by_path.contains_key(path))
    }

    /// Adds a directory of a package that lies at `place`.
    pub(crate) fn add_directory(
        &mut self,
        package: usize,
        path: &GuestPath,
        access: Access,
        place: &GuestPath,
    ) {
        self.packages.entry(package).or_default().directory(path, access).access = access;
        self.shared
            .entry(place.clone())
            .and_modify(|shared| match (access.uid, access.gid).cmp(&(shared.uid, shared.gid)) {
                std::cmp::Ordering::Less => *shared = access,
                std::cmp::Ordering::Equal => shared.mode &= access.mode,
                std::cmp::Ordering::Greater => {}
            })
            .or_insert(access);
    }

    /// Adds a file of a package, which it spells `path`; whoever had its place before loses it.
    pub(crate) fn add_file(
        &mut self,
        package: usize,
        path: &GuestPath,
        place: GuestPath,
        (access, sum): (Access, Option<Sum>),
    ) {
        let number = self.files;
        self.files += 1;
        if let Some(earlier) = self.owners.insert(place, Owner { package, sum, number }) {
            self.lost.insert(earlier.number);
        }
        let file = OwnedFile { name: path.name().into(), access, sum, number };
        let record = self.packages.entry(package).or_default();
        let parent = path.parent().unwrap_or_default();
        record.directory(&parent, Access::DIRECTORY).files.push(file);
    }

    /// The directories of a package in the order in which it has them.
    pub(crate) fn directories(&self, package: usize) -> &[OwnedDirectory] {
        self.packages.get(&package).map_or(&[], |record| &record.directories)
    }

    /// Whether the file is still its package's.
    pub(crate) fn is_kept(&self, file: &OwnedFile) -> bool {
        !self.lost.contains(&file.number)
    }

    /// Every directory that some package has, as it is spelt, with all above it.
    pub(crate) fn all_directories(&self) -> BTreeSet<GuestPath> {
        let mut all = BTreeSet::new();
        let owned = self.packages.values().flat_map(|record| &record.directories);
        for directory in owned {
            let mut path = Some(directory.path.clone());
            while let Some(next) = path.filter(|path| !all.contains(path)) {
                path = next.parent();
                all.insert(next);
            }
        }
        all
    }

    /// Gives a directory the owner and mode that its packages agree on; tells whether it changed.
    pub(crate) fn settle(&self, tree: &mut Tree, place: &GuestPath) -> bool {
        let Some(shared) = self.shared.get(place) else { return false };
        if !tree.get(place).is_some_and(|node| node.kind == Kind::Directory) {
            return false;
        }
        let Some(meta) = tree.meta_mut(place) else { return false };
        let wanted = (shared.uid, shared.gid, shared.mode);
        let is_changed = (meta.uid, meta.gid, meta.mode) != wanted;
        (meta.uid, meta.gid, meta.mode) = wanted;
        is_changed
    }

    /// The same for all directories; returns those that changed.
    pub(crate) fn settle_all(&self, tree: &mut Tree) -> Vec<GuestPath> {
        self.shared.keys().filter(|place| self.settle(tree, place)).cloned().collect()
    }
}

impl Record {
    fn directory(&mut self, path: &GuestPath, access: Access) -> &mut OwnedDirectory {
        let next = self.directories.len();
        let at = *self.by_path.entry(path.clone()).or_insert(next);
        if at == next {
            self.directories.push(OwnedDirectory { path: path.clone(), access, files: Vec::new() });
        }
        &mut self.directories[at]
    }
}
