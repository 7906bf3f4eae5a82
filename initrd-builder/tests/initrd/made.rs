//! Trees to pack, and packing.

use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;

use initrd_builder::{Archive, Compression, Compressor, Error, Options};
use test_support::noise;
use tree::cpio::Xattrs;
use tree::{GuestPath, Kind, Meta, Node, Timestamp, Tree};

pub fn path(text: &str) -> GuestPath {
    GuestPath::new(text).unwrap()
}

pub fn put(tree: &mut Tree, at: &str, mode: u16, kind: Kind) {
    let mtime = Timestamp::from_seconds(1_700_000_000);
    tree.insert(path(at), Node { meta: Meta { mode, mtime, ..Meta::default() }, kind }).unwrap();
}

pub fn file(bytes: impl Into<Vec<u8>>) -> Kind {
    Kind::File(bytes.into().into())
}

/// More than one block of every compression, of every kind of bytes.
pub fn varied() -> Tree {
    let mut tree = Tree::new();
    put(&mut tree, "etc/noise", 0o644, file(noise(3, 1_000_000)));
    let lines: Vec<u8> = (0..60_000).flat_map(|n| format!("line {n}\n").into_bytes()).collect();
    put(&mut tree, "etc/text", 0o600, file(lines));
    put(&mut tree, "etc/zeros", 0o444, file(vec![0; 4_000_000]));
    put(&mut tree, "etc/empty", 0o400, file(Vec::new()));
    put(&mut tree, "etc/link", 0o777, Kind::Symlink(b"text".as_slice().into()));
    put(&mut tree, "usr/twin", 0o644, Kind::HardLink(path("etc/noise")));
    put(&mut tree, "dev/console", 0o600, Kind::CharDevice { major: 5, minor: 1 });
    tree.meta_mut(&path("etc/text")).unwrap().uid = 70_000;
    tree
}

pub fn options(threads: usize) -> Options {
    Options { threads: NonZeroUsize::new(threads).unwrap(), xattrs: Xattrs::Refuse }
}

pub fn pack(tree: &Tree, compressor: impl Into<Compressor>, threads: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    let archive = Archive { tree, compressor: compressor.into() };
    initrd_builder::write(&[archive], &options(threads), &mut bytes).unwrap();
    bytes
}

/// Stores an initrd below a directory and reads it; the tree lives as long as the directory.
pub fn read(host: &Path, bytes: &[u8]) -> Result<Tree, Error> {
    let number = host.read_dir().unwrap().count();
    let place: Arc<Path> = host.join(format!("initrd-{number}")).into();
    let scratch = host.join(format!("scratch-{number}"));
    std::fs::create_dir(&scratch).unwrap();
    std::fs::write(&place, bytes).unwrap();
    initrd_builder::read(&place, &scratch, 64 << 20)
}

/// All compressions that compress.
pub fn compressions() -> impl Iterator<Item = Compression> {
    Compression::ALL.into_iter().filter(|compression| *compression != Compression::None)
}
