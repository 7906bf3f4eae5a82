//! What the format cannot hold is refused by name.

use test_support::demanding;
use tree::{Kind, Meta, Node, Timestamp, Tree};
use xfs::{Error, Plan, Size};

use crate::image::{MIB, REFUSED, options, path, smallest};

fn refusal(tree: &Tree) -> (String, &'static str) {
    match Plan::new(tree, &smallest()) {
        Err(Error::NotInFormat { path, reason }) => (path.to_string(), reason),
        other => panic!("{:?}", other.map(|plan| plan.size_bytes())),
    }
}

#[test]
fn each_refusal_names_its_path() {
    let holes = tempfile::tempdir().unwrap();
    let all = demanding(holes.path());
    for name in REFUSED {
        let mut tree = Tree::new();
        tree.insert(path(name), all.get(&path(name)).unwrap().clone()).unwrap();
        assert_eq!(refusal(&tree).0, path(name).to_string());
    }
    for seconds in [i64::from(i32::MIN) - 1, 1 << 34] {
        let meta = Meta { mtime: Timestamp::from_seconds(seconds), ..Meta::default() };
        let mut tree = Tree::new();
        tree.insert(path("time"), Node { meta, kind: Kind::Fifo }).unwrap();
        assert_eq!(refusal(&tree).1, "its time is not between 1901 and 2486");
    }
}

#[test]
fn too_small_a_size_is_refused_with_one_that_does() {
    let error = Plan::new(&Tree::new(), &options(Size::Exact(100 * MIB))).unwrap_err();
    assert_eq!(error.to_string(), "the tree needs 300 MiB, 100 MiB given");
}
