//! What we write, as the kernel and erofs-utils read it.

use std::path::Path;

use erofs::{Algorithm, Options};
use test_support::{assert_same, demanding, mounted, needs, read_directory};

use crate::make::{compressed, options, run, write};

const TOOLS: &[(&str, &str)] = &[("fsck.erofs", "erofs-utils"), ("dump.erofs", "erofs-utils")];

/// Writes the demanding tree, and has the kernel and `fsck.erofs` read it.
#[track_caller]
fn check(options: &Options) {
    let directory = tempfile::tempdir().unwrap();
    let tree = demanding(directory.path());
    let image = directory.path().join("image");
    write(&tree, options, &image);
    if needs(TOOLS) {
        run("fsck.erofs", &[&image]);
    }
    check_mounted(&tree, &image);
}

#[track_caller]
fn check_mounted(tree: &tree::Tree, image: &Path) {
    mounted(image, "erofs", 0, |place| assert_same(tree, &read_directory(place)));
}

#[test]
fn the_demanding_tree_is_the_same_when_mounted() {
    check(&options());
}

#[test]
fn so_it_is_without_inline_tails() {
    check(&Options { inline_tails: false, ..options() });
}

#[test]
fn so_it_is_compressed_with_lz4() {
    check(&compressed(Algorithm::Lz4, 65_536));
}
