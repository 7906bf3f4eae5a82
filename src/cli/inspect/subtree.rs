//! A part of a tree as a tree of its own.

use std::collections::BTreeMap;

use tree::{GuestPath, Kind, Tree};

/// What is below a directory, which becomes the root; of anything else it alone.
///
/// A file that has names outside is a file of its own inside.
pub(super) fn of(tree: &Tree, top: &GuestPath) -> Result<Tree, tree::Error> {
    let mut part = Tree::new();
    let is_directory = tree.get(top).is_some_and(|node| matches!(node.kind, Kind::Directory));
    let skipped = match is_directory {
        true if top.is_root() => 0,
        true => top.as_bytes().len() + 1,
        false => top
            .parent()
            .filter(|parent| !parent.is_root())
            .map_or(0, |parent| parent.as_bytes().len() + 1),
    };
    let mut names: BTreeMap<GuestPath, GuestPath> = BTreeMap::new();
    for (path, node) in super::list::entries(tree, top) {
        let place = GuestPath::new(path.as_bytes().get(skipped..).unwrap_or_default())?;
        let mut node = node.clone();
        if let (Kind::HardLink(first), Some(inode)) = (&node.kind, tree.inode(path)) {
            // The first name that is seen is the first in order, as a tree wants it.
            match names.get(first) {
                Some(name) => node.kind = Kind::HardLink(name.clone()),
                None => node = inode.clone(),
            }
        }
        if let Some(first) = tree.first_name(path) {
            names.entry(first.clone()).or_insert_with(|| place.clone());
        }
        part.insert(place, node)?;
    }
    Ok(part)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use tree::{Content, Meta, Node};

    use super::*;

    fn path(text: &str) -> GuestPath {
        GuestPath::new(text).unwrap()
    }

    #[test]
    fn a_part_has_its_own_root_and_keeps_its_links() {
        let mut tree = Tree::new();
        let mut put = |name, kind| {
            let meta = Meta { mode: 0o640, ..Meta::default() };
            tree.insert(path(name), Node { meta, kind }).unwrap();
        };
        put("a", Kind::File(Content::from(b"x".to_vec())));
        put("d", Kind::Directory);
        put("d/b", Kind::HardLink(path("a")));
        put("d/c", Kind::HardLink(path("a")));
        put("d/e", Kind::Symlink((*b"/a").into()));
        let text = tree::listing::text(&of(&tree, &path("d")).unwrap()).unwrap();
        let words: Vec<Vec<&str>> =
            text.lines().map(|line| line.split(' ').collect::<Vec<_>>()).collect();
        let shown: Vec<_> = words.iter().map(|words| (words[0], words[4], words[6])).collect();
        assert_eq!(
            shown,
            [
                ("directory", "/", "-"),
                ("file", "/b", "-"),
                ("hardlink", "/c", "/b"),
                ("symlink", "/e", "/a")
            ]
        );
        assert_eq!(words[0][1], "0640");
        let one = of(&tree, &path("d/c")).unwrap();
        assert_eq!(one.len(), 2);
        assert!(matches!(one.get(&path("c")).unwrap().kind, Kind::File(_)));
        assert_eq!(of(&tree, &GuestPath::root()).unwrap(), tree);
    }
}
