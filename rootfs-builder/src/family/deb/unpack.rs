//! Puts packages' files into a tree the way `dpkg --unpack` does: who may overwrite whom, which
//! directory entries give way, where diverted files go.

use std::collections::BTreeMap;

use tree::{GuestPath, Kind, Node, Tree};

use super::diversions::Diversions;
use super::package::{DebPackage, PackageError};
use super::relation::{self, Relation};

/// Which package put each non-directory where it is.
#[derive(Debug, Clone, Default)]
pub(crate) struct FileOwners {
    by_path: BTreeMap<GuestPath, usize>,
}

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
    /// The package could not be read.
    #[error("read {0}")]
    Package(String, #[source] PackageError),
}

/// Puts one package's entries into `tree` and returns the paths that must be written anew.
pub(crate) fn unpack(
    tree: &mut Tree,
    owners: &mut FileOwners,
    packages: &[DebPackage],
    at: usize,
    diversions: &Diversions,
) -> Result<Vec<GuestPath>, UnpackError> {
    let package = &packages[at];
    let mut written = Vec::with_capacity(package.entries.len());
    for (spelled, node) in &package.entries {
        let placed_error = |source| UnpackError::Place {
            package: package.name.clone(),
            path: spelled.clone(),
            source,
        };
        let diverted = diversions.place(&package.name, spelled);
        let path = tree.resolve_parents(diverted).map_err(placed_error)?;
        if node.kind == Kind::Directory {
            match directory_stands(tree, &path) {
                Standing::Directory => continue,
                Standing::Other => return Err(not_a_directory(package, &path)),
                Standing::Nothing => {}
            }
        } else if !may_place(tree, owners, packages, at, &path)? {
            continue;
        }
        let node = match &node.kind {
            Kind::HardLink(target) => {
                let target = diversions.place(&package.name, target);
                let target = tree.resolve_parents(target).map_err(placed_error)?;
                Node { meta: node.meta.clone(), kind: Kind::HardLink(target) }
            }
            _ => node.clone(),
        };
        if node.kind != Kind::Directory {
            owners.by_path.insert(path.clone(), at);
        }
        tree.insert(path.clone(), node).map_err(placed_error)?;
        written.push(path);
    }
    Ok(written)
}

enum Standing {
    Nothing,
    Directory,
    Other,
}

/// What stands where a package has a directory. A symbolic link that leads to a directory counts
/// as one: that is how merged `/usr` works.
fn directory_stands(tree: &Tree, path: &GuestPath) -> Standing {
    match tree.get(path).map(|node| &node.kind) {
        None => Standing::Nothing,
        Some(Kind::Directory) => Standing::Directory,
        Some(Kind::Symlink(_)) => match tree.resolve(path).ok().and_then(|real| tree.get(&real)) {
            Some(Node { kind: Kind::Directory, .. }) => Standing::Directory,
            _ => Standing::Other,
        },
        Some(_) => Standing::Other,
    }
}

/// Whether this package's non-directory may be put at `path`; false where the file of another
/// package that replaces this one stays.
fn may_place(
    tree: &Tree,
    owners: &FileOwners,
    packages: &[DebPackage],
    at: usize,
    path: &GuestPath,
) -> Result<bool, UnpackError> {
    let package = &packages[at];
    match tree.get(path).map(|node| &node.kind) {
        None => return Ok(true),
        // dpkg keeps a directory where a package brings a symbolic link to one.
        Some(Kind::Directory) => {
            let link = package
                .entries
                .iter()
                .any(|(entry, node)| entry == path && matches!(node.kind, Kind::Symlink(_)));
            return if link { Ok(false) } else { Err(not_a_directory(package, path)) };
        }
        Some(_) => {}
    }
    let Some(other) = owners.by_path.get(path).filter(|other| **other != at) else {
        return Ok(true);
    };
    let other = &packages[*other];
    if replaces(package, other) || shares(package, other) {
        return Ok(true);
    }
    if replaces(other, package) {
        return Ok(false);
    }
    Err(UnpackError::Overlap {
        package: package.name.clone(),
        other: other.name.clone(),
        path: path.clone(),
    })
}

/// Whether `package` declares that it takes over files of `other`.
fn replaces(package: &DebPackage, other: &DebPackage) -> bool {
    let version = other.control.text("Version");
    let provided = other.control.get("Provides").unwrap_or_default();
    let provided: Vec<&str> = names(provided).map(|relation| relation.name).collect();
    names(package.control.get("Replaces").unwrap_or_default()).any(|relation| {
        (relation.name == other.name && relation.accepts(Some(&version)))
            || provided.contains(&relation.name)
    })
}

/// The relations of a field; one that cannot be read replaces nothing.
fn names(field: &[u8]) -> impl Iterator<Item = Relation<'_>> {
    relation::parse(field).unwrap_or_default().into_iter().flatten()
}

/// Whether both are the same package for two architectures, which may share files.
fn shares(package: &DebPackage, other: &DebPackage) -> bool {
    package.name == other.name && package.control.get("Multi-Arch") == Some(b"same")
}

fn not_a_directory(package: &DebPackage, path: &GuestPath) -> UnpackError {
    UnpackError::NotADirectory { package: package.name.clone(), path: path.clone() }
}
