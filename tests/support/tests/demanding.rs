//! The demanding tree survives a directory of the kernel's.
#![allow(clippy::unwrap_used)]

use test_support::{assert_same, demanding, is_root, read_directory, skip};
use tree::directory::{Devices, Options, Owners, write};

#[test]
fn demanding_tree_is_what_a_directory_can_hold() {
    if !is_root() {
        return skip("owners and devices need root");
    }
    let (holes, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let tree = demanding(holes.path());
    let target = place.path().join("tree");
    std::fs::create_dir(&target).unwrap();
    write(&tree, &target, Options { owners: Owners::Apply, devices: Devices::Make }).unwrap();
    assert_same(&tree, &read_directory(&target));
    use std::os::unix::fs::MetadataExt;
    let blocks = target.join("holes/5-gib").metadata().unwrap().blocks();
    assert!(blocks < 1000, "holes were filled: {blocks} blocks");
}
