//! Trees and filesystems to test with.

use std::path::{Path, PathBuf};
use std::process::Command;

use squashfs::Options;
use test_support::demanding;
use tree::{GuestPath, Tree};
use volume::Region;

pub fn path(text: &str) -> GuestPath {
    GuestPath::new(text).unwrap()
}

/// What the format cannot hold of the demanding tree.
pub const REFUSED: [&str; 7] = [
    "times/before-1970",
    "times/before-1970-fraction",
    "times/in-1902",
    "times/after-2106",
    "xattrs/acl",
    "xattrs/acls",
    "times/fraction",
];

/// The demanding tree without what the format cannot hold.
pub fn holdable(directory: &Path) -> Tree {
    let mut tree = demanding(directory);
    for refused in REFUSED {
        tree.remove(&path(refused)).unwrap();
    }
    tree
}

pub fn options() -> Options {
    Options::new(1_700_000_000)
}

pub fn written(tree: &Tree, options: &Options, directory: &Path) -> PathBuf {
    let image = directory.join("image");
    let file = fs_err::File::create(&image).unwrap();
    let size = squashfs::write(tree, options, &Region::new(&file, 0)).unwrap();
    assert_eq!(file.metadata().unwrap().len(), size);
    image
}

pub fn output_of(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
    String::from_utf8(output.stdout).unwrap()
}
