//! The agent as the first process.

use tree::{GuestPath, Meta, Node, Tree};

use crate::error::Error;

const SBIN_INIT: &str = "sbin/init";

/// Moves the program to `/sbin/init`, in place of what stands there, and returns where it is now.
///
/// It is no link: a kernel that comes here over a link of `/init` was seen to hang at a second one.
pub(crate) fn put(tree: &mut Tree, program: &GuestPath) -> Result<GuestPath, Error> {
    // `/sbin` is a link in most guests, and what it leads to may be one again.
    let place = tree.resolve_parents(&GuestPath::new(SBIN_INIT)?)?;
    if place == *program {
        return Ok(place);
    }
    let Some(Node { meta, kind }) = tree.inode(program).cloned() else {
        return Err(Error::Tree(tree::Error::NotDirectory { path: program.clone() }));
    };
    tree.remove(program);
    let meta = Meta { mode: 0o755, uid: 0, gid: 0, ..meta };
    tree.insert(place.clone(), Node { meta, kind })?;
    Ok(place)
}
