//! Filesystems that mke2fs made.

use test_support::{assert_same, demanding, is_root, read_directory, skip};
use tree::Timestamp;
use tree::directory::{Devices, Options, Owners, write};

use crate::image::{Image, MIB, has_tools, path};

/// What is read of an image of mke2fs is what the kernel sees in it.
fn check(arguments: &[&str]) {
    if !has_tools() {
        return;
    }
    if !is_root() {
        return skip("owners and devices need root");
    }
    let (holes, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let mut tree = demanding(holes.path());
    for (_, meta) in tree.metas_mut() {
        // Short inodes hold neither fractions nor what lies beyond 2038.
        meta.mtime = Timestamp::from_seconds(1_600_000_000);
    }
    // It takes long to compare.
    tree.remove(&path("holes/5-gib")).unwrap();
    for name in ["links/symbolic-1000", "links/symbolic-4000", "links/symbolic-4095"] {
        // This mke2fs makes no links that nearly fill a block.
        tree.remove(&path(name)).unwrap();
    }
    let many: Vec<_> = tree.below(&path("many")).map(|(path, _)| path.clone()).collect();
    // This mke2fs takes the square of their number.
    many.iter().skip(1000).for_each(|path| drop(tree.remove(path)));
    if arguments.contains(&"1024") {
        for name in ["xattrs/large", "xattrs/many", "xattrs/many-again"] {
            tree.remove(&path(name)).unwrap();
        }
    }
    write(&tree, place.path(), Options { owners: Owners::Apply, devices: Devices::Make }).unwrap();
    let image = Image::empty(200 * MIB);
    let source = place.path().to_str().unwrap();
    let arguments = [&["-q", "-d", source], arguments].concat();
    image.run("mke2fs", &arguments);
    let found = ext4::read(&image.path, 0).unwrap();
    assert!(found.len() > 1000);
    test_support::mounted(&image.path, "ext4", 0, |place| {
        assert_same(&read_directory(place), &found);
    });
}

#[test]
fn an_ext4_filesystem_is_read() {
    check(&["-t", "ext4", "-b", "4096"]);
}

#[test]
fn small_blocks_are_read() {
    check(&["-t", "ext4", "-b", "1024", "-I", "128"]);
}

#[test]
fn old_filesystems_are_read() {
    check(&["-t", "ext2", "-b", "1024"]);
    check(&["-t", "ext3", "-b", "4096"]);
}

#[test]
fn unusual_features_are_read() {
    check(&["-t", "ext4", "-b", "4096", "-O", "^metadata_csum,uninit_bg,^64bit,^flex_bg"]);
    check(&["-t", "ext4", "-b", "4096", "-O", "meta_bg,^resize_inode,metadata_csum_seed"]);
}

#[test]
fn data_inside_inodes_is_refused_by_path() {
    if !has_tools() {
        return;
    }
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("tiny"), b"tiny").unwrap();
    let image = Image::empty(20 * MIB);
    let source = place.path().to_str().unwrap();
    image.run("mke2fs", &["-q", "-t", "ext4", "-b", "4096", "-O", "inline_data", "-d", source]);
    let error = ext4::read(&image.path, 0).unwrap_err().to_string();
    assert!(error.contains("data inside an inode cannot be read"), "{error}");
}
