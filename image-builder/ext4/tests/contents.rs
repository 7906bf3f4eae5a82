//! The demanding tree, as the kernel and debugfs see it.

use std::ops::Range;
use std::path::Path;

use ext4::{Options, Size};
use test_support::{assert_same, demanding, mounted, read_directory};
use tree::{Content, Kind, Tree};

use crate::image::{Image, MIB, has_tools, options, path, sealed, without_lost_and_found};

fn check(options: &Options) {
    if !has_tools() {
        return;
    }
    let holes = tempfile::tempdir().unwrap();
    let mut tree = demanding(holes.path());
    let image = Image::of(&tree, options);
    image.check();
    assert_eq!(read(&image.path), read(&Image::of(&tree, options).path));
    mounted(&image.path, "ext4", 0, |place| {
        assert_same(&tree, &without_lost_and_found(read_directory(place)));
    });
    let mut found = without_lost_and_found(ext4::read(&image.path, 0).unwrap());
    assert_eq!(data_of_largest(&tree), data_of_largest(&found));
    for tree in [&mut tree, &mut found] {
        // Once was enough: it takes long to compare.
        tree.remove(&path("holes/5-gib")).unwrap();
    }
    assert_same(&tree, &found);
}

fn read(path: &Path) -> [u8; 32] {
    let length = std::fs::metadata(path).unwrap().len();
    Content::Span { file: path.into(), offset: 0, length }.sha256().unwrap()
}

/// Which blocks of the largest file are no holes.
fn data_of_largest(tree: &Tree) -> Vec<Range<u64>> {
    let Some(Kind::File(content)) = tree.get(&path("holes/5-gib")).map(|node| &node.kind) else {
        panic!("the largest file is missing");
    };
    let ranges = content.data_ranges().unwrap().into_iter();
    ranges.map(|range| range.start / 4096..range.end.div_ceil(4096)).collect()
}

#[test]
fn a_filesystem_with_journal_holds_the_demanding_tree() {
    check(&options(Size::Exact(128 * MIB)));
}

#[test]
fn a_sealed_filesystem_holds_the_demanding_tree() {
    check(&sealed());
}
