//! The demanding tree, as the kernel and debugfs see it.

use ext4::{Options, Size};
use test_support::{assert_same, demanding, mounted, read_directory};

use crate::image::{Image, MIB, has_tools, options, sealed, without_lost_and_found};

fn check(options: &Options) {
    if !has_tools() {
        return;
    }
    let holes = tempfile::tempdir().unwrap();
    let tree = demanding(holes.path());
    let image = Image::of(&tree, options);
    image.check();
    mounted(&image.path, "ext4", 0, |place| {
        assert_same(&tree, &without_lost_and_found(read_directory(place)));
    });
}

#[test]
fn a_filesystem_with_journal_holds_the_demanding_tree() {
    check(&options(Size::Exact(128 * MIB)));
}

#[test]
fn a_sealed_filesystem_holds_the_demanding_tree() {
    check(&sealed());
}
