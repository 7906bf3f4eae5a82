//! Trees and filesystems to test with.

use std::path::{Path, PathBuf};
use std::process::Command;

use squashfs::{Compression, Options};
use test_support::{HUGE, demanding};
use tree::{GuestPath, Tree};
use volume::Region;

/// What the format cannot hold of the demanding tree.
pub const REFUSED: [&str; 6] = [
    "times/before-1970",
    "times/before-1970-fraction",
    "times/in-1902",
    "times/after-2106",
    "xattrs/acl",
    "xattrs/acls",
];
/// What the format rounds down.
pub const ROUNDED: &str = "times/fraction";

pub fn path(text: &str) -> GuestPath {
    GuestPath::new(text).unwrap()
}

/// The demanding tree without what the format cannot hold, and with times as it holds them.
pub fn holdable(directory: &Path) -> Tree {
    let mut tree = demanding(directory);
    for refused in REFUSED {
        tree.remove(&path(refused)).unwrap();
    }
    tree.meta_mut(&path(ROUNDED)).unwrap().mtime.nanoseconds = 0;
    tree
}

/// A demanding tree that is soon compared.
pub fn small(directory: &Path) -> Tree {
    let mut tree = holdable(directory);
    tree.remove(&path(HUGE)).unwrap();
    let many: Vec<_> = tree.below(&path("many")).map(|(path, _)| path.clone()).collect();
    for name in many.iter().skip(700) {
        tree.remove(name).unwrap();
    }
    tree
}

pub fn options() -> Options {
    Options { compression: Compression::Zstd(1), ..Options::new(1_700_000_000) }
}

/// Writes the filesystem behind some bytes of something else.
pub fn written_at(tree: &Tree, options: &Options, directory: &Path, offset: u64) -> PathBuf {
    let image = directory.join("image");
    let file = fs_err::File::create(&image).unwrap();
    let size = squashfs::write(tree, options, &Region::new(&file, offset)).unwrap();
    assert_eq!(file.metadata().unwrap().len(), offset + size);
    image
}

pub fn written(tree: &Tree, options: &Options, directory: &Path) -> PathBuf {
    written_at(tree, options, directory, 0)
}

pub fn output_of(command: &mut Command) -> String {
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {said}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}
