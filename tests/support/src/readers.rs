//! What readers that are not ours make of a tree, and how theirs is compared with it.

use tree::{Content, GuestPath, Kind, Timestamp, Tree};

use crate::assert_same;

/// The file of five gibibytes, most of which is a hole.
pub const HUGE: &str = "holes/5-gib";

/// Fails the test unless both trees hold the same; of the huge file, what is not a hole and a part
/// of what is are compared, because all of it takes too long.
#[track_caller]
pub fn assert_same_with_huge(mut expected: Tree, mut found: Tree) {
    let huge = GuestPath::new(HUGE).unwrap();
    let [first, second] = [&mut expected, &mut found].map(|tree| {
        let content = tree.content_mut(&huge).expect("there is no huge file").clone();
        tree.remove(&huge).unwrap();
        content
    });
    assert_same(&expected, &found);
    assert_eq!(first.length(), second.length());
    let mut ranges = first.data_ranges().unwrap();
    ranges.extend((0..100).map(|number| number * 50_000_017..number * 50_000_017 + 5000));
    for range in ranges {
        let bytes_of = |content: &Content| {
            let mut bytes = vec![0; (range.end - range.start) as usize];
            content.open().unwrap().read_exact_at(&mut bytes, range.start).unwrap();
            bytes
        };
        assert!(bytes_of(&first) == bytes_of(&second), "{range:?}");
    }
}

/// Takes out what GNU cpio and its like make differently: each name of a symbolic link becomes a
/// link of its own, with a new time, and directories get a new time when they are filled.
pub fn as_cpio_unpacks(mut tree: Tree) -> Tree {
    let paths: Vec<_> = tree.iter().map(|(path, _)| path.clone()).collect();
    for path in paths {
        let mut node = tree.inode(&path).unwrap().clone();
        node.meta.mtime = Timestamp::default();
        match node.kind {
            Kind::Directory => *tree.meta_mut(&path).unwrap() = node.meta,
            Kind::Symlink(_) => {
                tree.remove(&path).unwrap();
                tree.insert(path, node).unwrap();
            }
            _ => {}
        }
    }
    tree
}
