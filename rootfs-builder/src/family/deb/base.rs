//! What stands in a guest before its first package: merged `/usr` (which every supported release
//! understands, and the later ones demand), the package database's
//! directories, and where the guest's `apt` looks for packages.

use std::collections::BTreeSet;

use tree::{GuestPath, Kind, Meta, Node, Timestamp, Tree};

use super::database::{self, DatabaseError};
use super::package::DebPackage;
use crate::plan::{Plan, PlannedRepository};

/// Directories that `apt` and `dpkg` expect and no package carries.
const DIRECTORIES: [(&str, u16); 9] = [
    ("etc/apt/apt.conf.d", 0o755),
    ("etc/apt/preferences.d", 0o755),
    ("etc/apt/sources.list.d", 0o755),
    ("etc/dpkg/dpkg.cfg.d", 0o755),
    ("tmp", 0o1777),
    ("var/cache/apt/archives/partial", 0o755),
    ("var/lib/apt/lists/partial", 0o755),
    ("var/lib/apt/mirrors/partial", 0o755),
    ("var/log/apt", 0o755),
];

/// Top-level directories that merged `/usr` turns into links wherever a package uses them.
const MERGED: [&str; 7] = ["bin", "lib", "lib32", "lib64", "libo32", "libx32", "sbin"];

const FSTAB: &str = "# UNCONFIGURED FSTAB FOR BASE SYSTEM\n";

/// Makes the tree that the first packages are unpacked into.
pub(crate) fn base_tree(plan: &Plan, packages: &[DebPackage]) -> Result<Tree, BaseError> {
    let time = Timestamp::from_seconds(plan.timestamp);
    let mut tree = Tree::new();
    merge_usr(&mut tree, packages, time)?;
    for (path, mode) in DIRECTORIES {
        let meta = Meta { mode, mtime: time, ..Meta::default() };
        tree.insert(GuestPath::new(path)?, Node { meta, kind: Kind::Directory })?;
    }
    for (path, node) in database::skeleton(&archs(plan), time)? {
        tree.insert(path, node)?;
    }
    let fstab = database::file_node(FSTAB.as_bytes().to_vec(), time);
    tree.insert(GuestPath::new("etc/fstab")?, fstab)?;
    let sources = sources_text(&plan.repositories).into_bytes();
    tree.insert(GuestPath::new("etc/apt/sources.list")?, database::file_node(sources, time))?;
    Ok(tree)
}

/// The architectures that `dpkg` must know, the native one first.
fn archs(plan: &Plan) -> Vec<&str> {
    let planned: BTreeSet<&str> =
        plan.packages.iter().map(|package| package.arch.as_str()).collect();
    let foreign = planned.into_iter().filter(|arch| *arch != "all" && *arch != plan.arch);
    std::iter::once(plan.arch.as_str()).chain(foreign).collect()
}

/// Why the first tree could not be made.
#[derive(Debug, thiserror::Error)]
pub enum BaseError {
    /// A node does not fit.
    #[error("make the first directories")]
    Tree(#[from] tree::Error),
    /// A path is not one.
    #[error("name the first directories")]
    Path(#[from] tree::PathError),
    /// The package database could not be made.
    #[error("make an empty package database")]
    Database(#[from] DatabaseError),
}

fn merge_usr(tree: &mut Tree, packages: &[DebPackage], time: Timestamp) -> Result<(), BaseError> {
    let meta = |mode| Meta { mode, mtime: time, ..Meta::default() };
    for name in MERGED {
        let used = packages
            .iter()
            .flat_map(|package| &package.entries)
            .any(|(path, node)| path.as_bytes() == name.as_bytes() && node.kind == Kind::Directory);
        if used {
            let target = format!("usr/{name}");
            let directory = Node { meta: meta(0o755), kind: Kind::Directory };
            tree.insert(GuestPath::new(&target)?, directory)?;
            let link = Node { meta: meta(0o777), kind: Kind::Symlink(target.as_bytes().into()) };
            tree.insert(GuestPath::new(name)?, link)?;
        }
    }
    Ok(())
}

/// One line for each suite, as every release's `apt` reads it.
fn sources_text(repositories: &[PlannedRepository]) -> String {
    repositories
        .iter()
        .map(|repository| {
            let components = repository.components.join(" ");
            format!("deb {} {} {components}\n", repository.url, repository.suite)
        })
        .collect()
}
