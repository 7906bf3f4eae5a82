//! Filesystems that become larger.

use ext4::{Options, Size};
use test_support::{assert_same, demanding};
use tree::Tree;

use crate::image::{Image, MIB, has_tools, options, path, without_lost_and_found};

fn check(options: &Options, tree: &Tree, sizes: &[u64]) {
    let image = Image::of(tree, options);
    for size in sizes {
        let file = std::fs::OpenOptions::new().write(true).open(&image.path).unwrap();
        file.set_len(*size).unwrap();
        image.run("resize2fs", &[]);
        image.check();
        let shown = image.run("dumpe2fs", &["-h"]);
        assert!(shown.contains(&format!("Block count:              {}\n", size / 4096)), "{shown}");
    }
    assert_same(tree, &without_lost_and_found(ext4::read(&image.path, 0).unwrap()));
}

#[test]
fn a_filesystem_grows_far() {
    if !has_tools() {
        return;
    }
    let holes = tempfile::tempdir().unwrap();
    let mut tree = demanding(holes.path());
    // It takes long to compare.
    tree.remove(&path("holes/5-gib")).unwrap();
    check(&options(Size::Exact(256 * MIB)), &tree, &[10 << 30, 11 << 30]);
}

#[test]
fn a_small_filesystem_and_a_sealed_one_grow() {
    if !has_tools() {
        return;
    }
    check(&options(Size::Exact(8 * MIB)), &Tree::new(), &[100 * MIB, 20 << 30]);
    check(&crate::image::sealed(), &Tree::new(), &[300 * MIB]);
}
