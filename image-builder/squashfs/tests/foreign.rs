//! Other programs read what is written here, and write what is read here.

use std::path::Path;
use std::process::Command;

use crate::made::{holdable, options, output_of, written};
use test_support::{assert_same, is_root, mounted, needs, read_directory, skip};
use tree::Tree;

const TOOLS: [(&str, &str); 1] = [("mksquashfs", "squashfs-tools")];

fn unpacked(image: &Path, target: &Path) -> Tree {
    let mut unsquashfs = Command::new("unsquashfs");
    unsquashfs.args(["-quiet", "-no-progress", "-strict-errors", "-dest"]).arg(target).arg(image);
    output_of(&mut unsquashfs);
    read_directory(target)
}

#[test]
fn unsquashfs_unpacks_the_demanding_tree() {
    if !needs(&TOOLS) {
        return;
    }
    if !is_root() {
        return skip("owners and devices need root");
    }
    let directory = tempfile::tempdir().unwrap();
    let tree = holdable(directory.path());
    let image = written(&tree, &options(), directory.path());
    assert_same(&tree, &unpacked(&image, &directory.path().join("unpacked")));
}

#[test]
fn the_kernel_mounts_the_demanding_tree() {
    let directory = tempfile::tempdir().unwrap();
    let tree = holdable(directory.path());
    let image = written(&tree, &options(), directory.path());
    mounted(&image, "squashfs", 0, |place| assert_same(&tree, &read_directory(place)));
}
