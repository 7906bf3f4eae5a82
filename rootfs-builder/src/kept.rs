//! Configured trees that the store keeps, so that another artifact of a plan runs no script again.
//!
//! A kept tree is a list of nodes and one file with the bytes that no package has. Everything else
//! stays where it is: in the packages that the store has opened.

mod record;

use std::collections::HashMap;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;
use std::sync::Arc;

use tree::{Content, GuestPath, Kind, Node, Tree};

use crate::digest::Digest;
use crate::family::opened::OpenedPackage;
use crate::plan::{Plan, PlanError};
use crate::store::{Shelf, Store, StoreError};
use record::{Bytes, Record};

const NODES: &str = "nodes";
const CONTENTS: &str = "contents";

/// Why a tree could not be kept or found.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// The store could not be used.
    #[error("use the store")]
    Store(#[from] StoreError),
    /// The tree could not be copied into the store.
    #[error("copy the tree into the store")]
    Copy(#[from] io::Error),
    /// The plan has no digest.
    #[error("name the tree")]
    Plan(#[from] PlanError),
}

/// The tree that the same program made of the same plan before.
///
/// `program` tells programs apart: another one might have made another tree.
pub fn find(
    store: &Store,
    plan: &Plan,
    program: Digest,
    opened: &[OpenedPackage],
) -> Result<Option<Tree>, KeepError> {
    let Some(directory) = store.find_derived(Shelf::Trees, key(plan, program)?)? else {
        return Ok(None);
    };
    // What is damaged or was pruned meanwhile is as good as nothing: it can be made again.
    Ok(read(&directory, opened).ok())
}

/// Keeps a tree for [`find`].
pub fn keep(
    store: &Store,
    plan: &Plan,
    program: Digest,
    opened: &[OpenedPackage],
    tree: &Tree,
) -> Result<(), KeepError> {
    store.derived(Shelf::Trees, key(plan, program)?, |directory| write(tree, opened, directory))?;
    Ok(())
}

fn key(plan: &Plan, program: Digest) -> Result<Digest, PlanError> {
    Ok(Digest::of(format!("{} {program}", plan.digest()?)))
}

fn write(tree: &Tree, opened: &[OpenedPackage], directory: &Path) -> Result<(), KeepError> {
    let packages: HashMap<&Path, usize> =
        opened.iter().enumerate().map(|(at, package)| (&*package.data_tar, at)).collect();
    let mut contents = BufWriter::new(fs_err::File::create(directory.join(CONTENTS))?);
    let mut position = 0;
    let mut records = Vec::with_capacity(tree.len());
    for (path, node) in tree {
        let bytes = match &node.kind {
            Kind::File(Content::Span { file, offset, length })
                if packages.contains_key(&**file) =>
            {
                let package = Some(packages[&**file]);
                Some(Bytes { package, offset: *offset, length: *length })
            }
            Kind::File(content) => {
                let offset = position;
                position += io::copy(&mut content.open()?, &mut contents)?;
                Some(Bytes { package: None, offset, length: content.length() })
            }
            _ => None,
        };
        records.push(Record::new(path, node, bytes));
    }
    contents.flush()?;
    let nodes = serde_json::to_vec(&records).map_err(io::Error::from)?;
    Ok(fs_err::write(directory.join(NODES), nodes)?)
}

fn read(directory: &Path, opened: &[OpenedPackage]) -> io::Result<Tree> {
    let nodes = fs_err::read(directory.join(NODES))?;
    let records: Vec<Record> = serde_json::from_slice(&nodes)?;
    let own: Arc<Path> = directory.join(CONTENTS).into();
    let content = |bytes: &Bytes| -> io::Result<Content> {
        let file = match bytes.package {
            Some(at) => opened.get(at).ok_or(io::ErrorKind::InvalidData)?.data_tar.clone(),
            None => own.clone(),
        };
        Ok(Content::Span { file, offset: bytes.offset, length: bytes.length })
    };
    let mut tree = Tree::new();
    for record in records {
        let (path, node): (GuestPath, Node) = record.into_node(&content)?;
        tree.insert(path, node).map_err(io::Error::other)?;
    }
    Ok(tree)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_tree_comes_back_as_it_was_kept() {
        let place = tempfile::tempdir().unwrap();
        let data_tar = place.path().join("data.tar");
        std::fs::write(&data_tar, b"the bytes of a package").unwrap();
        let opened =
            [OpenedPackage { control_tar: place.path().into(), data_tar: data_tar.into() }];
        let holes = tempfile::tempdir().unwrap();
        let mut expected = test_support::demanding(holes.path());
        // Copied whole, it would take as long as all other tests.
        expected.remove(&GuestPath::new("holes").unwrap());
        let span = Content::Span { file: opened[0].data_tar.clone(), offset: 4, length: 5 };
        let node = Node { meta: tree::Meta::default(), kind: Kind::File(span) };
        expected.insert(GuestPath::new("of-a-package").unwrap(), node).unwrap();
        let kept = place.path().join("kept");
        std::fs::create_dir(&kept).unwrap();
        write(&expected, &opened, &kept).unwrap();
        let found = read(&kept, &opened).unwrap();
        test_support::assert_same(&expected, &found);
        let path = GuestPath::new("of-a-package").unwrap();
        assert_eq!(found.get(&path), expected.get(&path));
        assert!(read(&kept, &[]).is_err());
    }
}
