//! The links that `busybox --install -s` makes, from the list that its package carries.

use tree::{GuestPath, Kind, Meta, Node, Timestamp, Tree};

/// Where packages of busybox list the paths of their applets, by the program's name.
const LISTS: &str = "etc/busybox-paths.d";

/// The most that a list may hold; real ones are 4 KiB.
const LIST_BYTES_MAX: u64 = 64 << 10;

/// Makes the links that the program at `place` would make; `None` if they are not known for sure.
///
/// What stands at a path stays, and a path without its directory is left out, as the program does
/// it, which then still counts as a success.
pub(crate) fn install_links(
    tree: &mut Tree,
    place: &GuestPath,
    time: Timestamp,
) -> Option<Vec<GuestPath>> {
    let list = GuestPath::new(LISTS).ok()?.join(place.name()).ok()?;
    let Some(Kind::File(content)) = tree.inode(&tree.resolve(&list).ok()?).map(|node| &node.kind)
    else {
        return None;
    };
    let text = content.read(LIST_BYTES_MAX).ok()?;
    let target: Box<[u8]> = [b"/", place.as_bytes()].concat().into();
    let mut made = Vec::new();
    for line in text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
        let path = tree.resolve_parents(&GuestPath::new(line).ok()?).ok()?;
        let parent = path.parent()?;
        let has_parent = tree.get(&parent).is_some_and(|node| node.kind == Kind::Directory);
        if !has_parent || tree.get(&path).is_some() {
            continue;
        }
        let meta = Meta { mode: 0o777, mtime: time, ..Meta::default() };
        tree.insert(path.clone(), Node { meta, kind: Kind::Symlink(target.clone()) }).ok()?;
        made.push(path);
    }
    Some(made)
}
