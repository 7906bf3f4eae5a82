//! Filesystems that mkfs.xfs and the kernel made.

use test_support::{assert_same, is_root, noise, read_directory, skip};
use tree::directory::{Devices, Options, Owners, write};

use crate::image::{Image, MIB, fitting, has_tools, path};

/// What is read of an image of others is what the kernel sees in it.
fn check(arguments: &[&str]) {
    if !has_tools() {
        return;
    }
    if !is_root() {
        return skip("owners and devices need root");
    }
    let holes = tempfile::tempdir().unwrap();
    let mut tree = fitting(holes.path());
    // It takes long to compare.
    tree.remove(&path("holes/5-gib")).unwrap();
    let many: Vec<_> = tree.below(&path("many")).map(|(path, _)| path.clone()).collect();
    many.iter().skip(4000).for_each(|path| drop(tree.remove(path)));
    // These need a tree of blocks.
    let meta = tree.meta_mut(&path("sizes/0")).unwrap();
    for number in 0..200_u32 {
        let name = format!("user.{number}").into_bytes();
        meta.xattrs.insert(name.into(), noise(number, 100).into());
    }
    let image = Image::empty(400 * MIB);
    image.run("mkfs.xfs", &[&["-q"], arguments].concat());
    image.mounted(|place| {
        let options = Options { owners: Owners::Apply, devices: Devices::Make };
        std::fs::create_dir(place.join("tree")).unwrap();
        write(&tree, &place.join("tree"), options).unwrap();
        for number in (0..4000).step_by(3) {
            // What is gone leaves room between the others.
            std::fs::remove_file(place.join("tree").join(many_name(number))).unwrap();
        }
    });
    let found = xfs::read(&image.path, 0).unwrap();
    assert!(found.len() > 1000);
    test_support::mounted(&image.path, "xfs", 0, |place| {
        let mut seen = read_directory(place);
        for (_, meta) in seen.metas_mut() {
            meta.xattrs.retain(|name, _| !name.starts_with(b"trusted.SGI_ACL_"));
        }
        assert_same(&seen, &found);
    });
}

fn many_name(number: usize) -> String {
    format!("many/entry-{number:05}-{}", "x".repeat(number % 40))
}

#[test]
fn a_filesystem_with_all_that_is_usual_is_read() {
    check(&[]);
}

#[test]
fn other_sizes_of_blocks_are_read() {
    check(&["-b", "size=1024", "-n", "size=8192", "-i", "size=512"]);
}

#[test]
fn large_inodes_are_read() {
    check(&["-i", "size=2048", "-m", "rmapbt=1"]);
}

#[test]
fn times_of_32_bits_are_read() {
    check(&["-m", "bigtime=0,reflink=0,rmapbt=0"]);
}

#[test]
fn a_filesystem_without_checksums_is_refused() {
    if !has_tools() {
        return;
    }
    let image = Image::empty(400 * MIB);
    image.run("mkfs.xfs", &["-q", "-m", "crc=0"]);
    let error = xfs::read(&image.path, 0).unwrap_err().to_string();
    assert!(error.contains("without checksums cannot be read"), "{error}");
}
