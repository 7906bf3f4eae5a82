//! Looks into the guest, following its links as its kernel would.

use tree::{Content, GuestPath, Kind, Meta, Node, Timestamp, Tree};

use crate::error::Error;

/// Nothing that is read whole, such as a list of folders, is larger.
const TEXT_BYTES_MAX: u64 = 1 << 20;

/// The regular file to which a path leads, if it does to one.
pub(crate) fn file(tree: &Tree, path: impl AsRef<[u8]>) -> Option<(GuestPath, &Meta, &Content)> {
    // A path that leads nowhere, or in a circle, is as good as none.
    let found = tree.resolve(&GuestPath::new(path).ok()?).ok()?;
    let Node { meta, kind: Kind::File(content) } = tree.inode(&found)? else { return None };
    Some((found, meta, content))
}

/// The executable file to which a path leads, if it does to one.
pub(crate) fn program(tree: &Tree, path: impl AsRef<[u8]>) -> Option<GuestPath> {
    file(tree, path).filter(|(_, meta, _)| meta.mode & 0o111 != 0).map(|(path, ..)| path)
}

/// Whether there is anything at a path, once the links in its parents are followed.
pub(crate) fn has(tree: &Tree, path: impl AsRef<[u8]>) -> bool {
    let place = GuestPath::new(path).ok().and_then(|path| tree.resolve_parents(&path).ok());
    place.is_some_and(|place| tree.get(&place).is_some())
}

/// The text of a small file; none if it is not there.
pub(crate) fn text(tree: &Tree, path: impl AsRef<[u8]>) -> Result<Option<Vec<u8>>, Error> {
    let Some((path, _, content)) = file(tree, path) else { return Ok(None) };
    let read = content.read(TEXT_BYTES_MAX);
    read.map(Some).map_err(|source| Error::ReadGuest { path, source })
}

/// Puts a file owned by root where the path leads.
pub(crate) fn put(
    tree: &mut Tree,
    path: &GuestPath,
    content: Content,
    (mode, mtime): (u16, Timestamp),
) -> Result<GuestPath, Error> {
    let meta = Meta { mode, mtime, ..Meta::default() };
    Ok(tree.insert_resolved(path, Node { meta, kind: Kind::File(content) })?)
}

/// Puts a symbolic link, unless something is there.
pub(crate) fn link(
    tree: &mut Tree,
    path: &str,
    target: &str,
    mtime: Timestamp,
) -> Result<(), Error> {
    if has(tree, path) {
        return Ok(());
    }
    let meta = Meta { mode: 0o777, mtime, ..Meta::default() };
    let node = Node { meta, kind: Kind::Symlink(target.as_bytes().into()) };
    tree.insert_resolved(&GuestPath::new(path)?, node)?;
    Ok(())
}
