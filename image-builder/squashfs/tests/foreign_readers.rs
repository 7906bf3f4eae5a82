//! The kernel and unsquashfs read what is written here.

use std::num::NonZeroUsize;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::process::Command;

use squashfs::{Compression, Options};
use test_support::{
    assert_same, assert_same_with_huge, is_root, mounted, needs, read_directory, skip,
};
use tree::Tree;

use crate::made::{holdable, options, output_of, small, written, written_at};

const TOOLS: [(&str, &str); 1] = [("unsquashfs", "squashfs-tools")];

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
    let found = unpacked(&image, &directory.path().join("unpacked"));
    assert_same_with_huge(tree, found);
}

#[test]
fn the_kernel_mounts_the_demanding_tree() {
    let directory = tempfile::tempdir().unwrap();
    let tree = holdable(directory.path());
    let image = written(&tree, &options(), directory.path());
    mounted(&image, "squashfs", 0, |place| {
        assert_same_with_huge(tree.clone(), read_directory(place));
        let status = |name: &str| place.join(name).symlink_metadata().unwrap();
        assert_eq!(status("links/a-file").nlink(), 3);
        assert_eq!(status("links/a-device").nlink(), 3);
        assert_eq!(status("links/a-file").ino(), status("elsewhere/file").ino());
        assert_eq!(status("").nlink(), 2 + tree_directories(&tree));
        assert_eq!(status("holes/all-hole").blocks(), 0);
        assert!(status("holes/5-gib").blocks() < 2000);
    });
}

/// How many directories the root holds.
fn tree_directories(tree: &Tree) -> u64 {
    let is_one = |node: &tree::Node| matches!(node.kind, tree::Kind::Directory);
    let of_root = |path: &tree::GuestPath| path.components().count() == 1;
    tree.iter().filter(|(path, node)| of_root(path) && is_one(node)).count() as u64
}

/// Whatever the options, kernel and unsquashfs see the same tree.
fn check(options: &Options, offset: u64) {
    let directory = tempfile::tempdir().unwrap();
    let tree = small(directory.path());
    let image = written_at(&tree, options, directory.path(), offset);
    mounted(&image, "squashfs", offset, |place| assert_same(&tree, &read_directory(place)));
    if offset == 0 && is_root() && needs(&TOOLS) {
        assert_same(&tree, &unpacked(&image, &directory.path().join("unpacked")));
    }
}

#[test]
fn others_read_gzip() {
    check(&Options { compression: Compression::Gzip(1), ..options() }, 0);
}

#[test]
fn others_read_xz() {
    check(&Options { compression: Compression::Xz, block_size: 64 << 10, ..options() }, 0);
}

#[test]
fn others_read_the_smallest_blocks_behind_something_else() {
    check(&Options { block_size: 4096, ..options() }, 1 << 20);
}

#[test]
fn others_read_the_largest_blocks() {
    check(&Options { block_size: 1 << 20, threads: NonZeroUsize::new(1), ..options() }, 0);
}

#[test]
fn unsquashfs_shows_what_the_superblock_says() {
    if !needs(&TOOLS) {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let tree = small(directory.path());
    let image = written(&tree, &options(), directory.path());
    let said = output_of(Command::new("unsquashfs").args(["-UTC", "-stat"]).arg(&image));
    for line in [
        "Creation or last append time Tue Nov 14 22:13:20 2023",
        "Filesystem is exportable via NFS",
        "Inodes are compressed",
        "Xattrs are compressed",
        "Duplicates are removed",
        "Compression zstd\n\tcompression-level 1",
        "Block size 131072",
        "Always-use-fragments option is specified",
    ] {
        assert!(said.contains(line), "{line}\n{said}");
    }
    let inodes = tree.iter().filter(|(_, node)| !matches!(node.kind, tree::Kind::HardLink(_)));
    assert!(said.contains(&format!("Number of inodes {}", inodes.count())), "{said}");
    let listed = output_of(Command::new("unsquashfs").args(["-UTC", "-llnumeric"]).arg(&image));
    assert_eq!(listed.lines().filter(|line| line.contains("squashfs-root")).count(), tree.len());
    let line = "-rwsrwsrwt 0/0 4 2023-11-14 22:13 squashfs-root/modes/7777";
    let words = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(listed.lines().any(|found| words(found) == line));
}
