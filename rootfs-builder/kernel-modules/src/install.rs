//! Puts a directory of modules into a tree.

use tree::{GuestPath, Kind, Node, Timestamp, Tree};

use crate::error::Error;
use crate::index::{Indexed, Options, index};
use crate::release::Release;

/// Where a guest looks for modules; in most guests `lib` leads to `usr/lib`.
const MODULES: &str = "lib/modules";
/// Links to where the kernel was built, which is not in the guest.
const SOURCES: [&str; 2] = ["build", "source"];

/// Puts the modules of a kernel into the tree, with their indexes, in place of those of the same
/// release: owned by root, readable by all, and without the links to the kernel's sources.
pub fn install(tree: &mut Tree, release: &Release, options: &Options) -> Result<Indexed, Error> {
    let found = tree::directory::read(&release.directory, None, &|_| None).map_err(Error::Tree)?;
    let modules = path(MODULES)?;
    // The path may lead through a link, so what counts is where that leads.
    let parent = tree.resolve(&modules).map_err(Error::Tree)?;
    let place = join(&parent, release.name.as_bytes())?;
    tree.remove(&place);
    for (path, node) in &found {
        if SOURCES.iter().any(|name| path.as_bytes() == name.as_bytes()) {
            continue;
        }
        let node = adopted(node, &place, options.mtime)?;
        tree.insert(join(&place, path.as_bytes())?, node).map_err(Error::Tree)?;
    }
    index(tree, &place, options)
}

/// A node of the host's directory as the guest is to have it.
fn adopted(node: &Node, place: &GuestPath, mtime: Timestamp) -> Result<Node, Error> {
    let mut node = node.clone();
    let meta = &mut node.meta;
    (meta.uid, meta.gid) = (0, 0);
    meta.mtime = meta.mtime.min(mtime);
    meta.xattrs.clear();
    match &mut node.kind {
        Kind::Directory => meta.mode = 0o755,
        Kind::Symlink(_) => meta.mode = 0o777,
        Kind::HardLink(target) => *target = join(place, target.as_bytes())?,
        _ => meta.mode = 0o644,
    }
    Ok(node)
}

fn join(directory: &GuestPath, name: &[u8]) -> Result<GuestPath, Error> {
    directory.join(name).map_err(|error| Error::Tree(error.into()))
}

fn path(text: &str) -> Result<GuestPath, Error> {
    GuestPath::new(text).map_err(|error| Error::Tree(error.into()))
}
