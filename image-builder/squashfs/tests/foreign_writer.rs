//! What mksquashfs writes is read here.

use std::path::Path;
use std::process::Command;

use squashfs::{Error, Fault};
use test_support::{assert_same, is_root, needs, read_directory, skip};
use tree::Tree;
use tree::directory::{Devices, Options, Owners, write};

use crate::made::{output_of, small};

const TOOLS: [(&str, &str); 1] = [("mksquashfs", "squashfs-tools")];

/// Lets mksquashfs pack a directory and reads the result.
fn packed(directory: &Path, more: &[&str]) -> Result<Tree, Error> {
    let image = directory.join("image");
    let mut mksquashfs = Command::new("mksquashfs");
    mksquashfs.arg(directory.join("tree")).arg(&image);
    mksquashfs.args(["-noappend", "-no-progress", "-quiet"]).args(more);
    output_of(&mut mksquashfs);
    squashfs::read(&image, 0)
}

/// A directory of the kernel's, and how it is read.
fn unpacked(directory: &Path) -> Option<Tree> {
    if !needs(&TOOLS) {
        return None;
    }
    if !is_root() {
        skip("owners and devices need root");
        return None;
    }
    let target = directory.join("tree");
    std::fs::create_dir(&target).unwrap();
    let options = Options { owners: Owners::Apply, devices: Devices::Make };
    write(&small(directory), &target, options).unwrap();
    Some(read_directory(&target))
}

#[test]
fn what_mksquashfs_packs_is_read_with_every_option() {
    let directory = tempfile::tempdir().unwrap();
    let Some(tree) = unpacked(directory.path()) else { return };
    for options in [
        &["-comp", "gzip", "-Xcompression-level", "1"][..],
        &["-comp", "gzip", "-Xcompression-level", "1", "-no-exports", "-no-fragments"],
        &["-comp", "zstd", "-Xcompression-level", "1", "-always-use-fragments"],
        &["-comp", "zstd", "-Xcompression-level", "1", "-b", "4096", "-no-duplicates"],
        &["-comp", "zstd", "-Xcompression-level", "1", "-b", "1M", "-nopad", "-no-sparse"],
        &["-comp", "xz", "-b", "64K"],
        &["-comp", "xz", "-b", "16K", "-Xbcj", "x86", "-Xdict-size", "8K"],
        &["-noI", "-noId", "-noD", "-noF", "-noX"],
    ] {
        let read = packed(directory.path(), options).unwrap_or_else(|error| {
            panic!("{options:?}: {error}: {:?}", std::error::Error::source(&error))
        });
        assert_same(&tree, &read);
    }
}

#[test]
fn algorithms_that_are_not_read_are_named() {
    if !needs(&TOOLS) {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("tree")).unwrap();
    for name in ["lz4", "lzo"] {
        let error = packed(directory.path(), &["-comp", name]).unwrap_err();
        let Error::Image { source: Fault::Compression(found), .. } = error else {
            panic!("{error}")
        };
        assert_eq!(found, name);
    }
}
