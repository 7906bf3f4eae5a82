//! Images that were changed, cut off or made up are errors, and never a panic or an endless read.

use std::path::Path;
use std::process::Command;

use squashfs::{Compression, Options};
use test_support::{needs, noise};
use tree::directory::{self, Devices, Owners};
use tree::{Content, GuestPath, Kind, Meta, Node, Tree};

use crate::made::{options, output_of, path, written};

/// Contents of hostile images may be of any length.
const READ_BYTES_MAX: u64 = 1 << 20;

/// A little of everything.
fn tree() -> Tree {
    let mut tree = Tree::new();
    let mut put = |name: &str, meta: Meta, kind| {
        tree.insert(GuestPath::new(name).unwrap(), Node { meta, kind }).unwrap();
    };
    let file = |bytes: Vec<u8>| Kind::File(Content::from(bytes));
    put("a/file", Meta::default(), file(noise(1, 20_000)));
    put("a/text", Meta::default(), file(b"again and again\n".repeat(2000)));
    put("a/zeros", Meta::default(), file(vec![0; 100_000]));
    put("a/b/link", Meta::default(), Kind::HardLink(path("a/file")));
    put("a/b/symlink", Meta::default(), Kind::Symlink(b"../file".as_slice().into()));
    put("dev/null", Meta::default(), Kind::CharDevice { major: 1, minor: 3 });
    let mut labelled = Meta { uid: 1000, ..Meta::default() };
    labelled.xattrs.insert(b"security.selinux".as_slice().into(), noise(3, 40).into());
    labelled.xattrs.insert(b"user.a".as_slice().into(), b"".as_slice().into());
    put("labelled", labelled.clone(), Kind::Directory);
    for number in 0..400 {
        put(&format!("labelled/{number:0>30}"), labelled.clone(), file(vec![b'x'; number % 5]));
    }
    tree
}

fn image(directory: &Path, compression: Compression) -> Vec<u8> {
    let options = Options { compression, block_size: 4096, ..options() };
    std::fs::read(written(&tree(), &options, directory)).unwrap()
}

/// Reads all of an image if it is one; whatever happens, it returns. Says whether it is one.
fn exhaust(file: &Path, bytes: &[u8]) -> bool {
    std::fs::write(file, bytes).unwrap();
    let Ok(tree) = squashfs::read(file, 0) else { return false };
    let mut is_good = true;
    for (_, node) in &tree {
        if let Kind::File(content) = &node.kind {
            drop(content.data_ranges());
            is_good &= content.length() > READ_BYTES_MAX || content.read(READ_BYTES_MAX).is_ok();
        }
    }
    is_good
}

/// Numbers by xorshift.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 16) as usize % bound
    }
}

#[test]
fn changed_images_are_read_or_refused() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("changed");
    let mut numbers = Numbers(1);
    let mut refused = 0;
    for compression in [Compression::Zstd(1), Compression::Gzip(1), Compression::Xz] {
        let good = image(directory.path(), compression);
        assert!(exhaust(&file, &good));
        // The data come first and are larger, but what is said about them is more dangerous.
        let metadata = good.len() - good.len() / 4;
        for round in 0..1500 {
            let mut bytes = good.clone();
            for _ in 0..=numbers.below(4) {
                let at = match round % 3 {
                    0 => numbers.below(bytes.len()),
                    1 => numbers.below(96),
                    _ => metadata + numbers.below(bytes.len() - metadata),
                };
                bytes[at] = match numbers.below(3) {
                    0 => bytes[at] ^ 1 << numbers.below(8),
                    1 => [0, 1, 0x7f, 0x80, 0xff][numbers.below(5)],
                    _ => numbers.below(256) as u8,
                };
            }
            refused += usize::from(!exhaust(&file, &bytes));
        }
    }
    assert!(refused > 1000, "{refused} of 4500 changes were noticed");
}

/// An image of mksquashfs whose metadata are not compressed, so that changes mean something.
fn uncompressed(tree: &Tree, directory: &Path) -> Option<Vec<u8>> {
    if !needs(&[("mksquashfs", "squashfs-tools")]) {
        return None;
    }
    let (source, file) = (directory.join("source"), directory.join("uncompressed"));
    std::fs::create_dir(&source).unwrap();
    let options = directory::Options { owners: Owners::Skip, devices: Devices::Skip };
    directory::write(tree, &source, options).unwrap();
    let mut mksquashfs = Command::new("mksquashfs");
    mksquashfs.arg(&source).arg(&file).args(["-noI", "-noId", "-noX", "-noF", "-quiet"]);
    output_of(mksquashfs.args(["-b", "4096", "-no-progress"]));
    let good = std::fs::read(&file).unwrap();
    assert!(exhaust(&file, &good));
    Some(good)
}

#[test]
fn metadata_that_were_changed_without_a_compressor_in_the_way_are_read_or_refused() {
    let directory = tempfile::tempdir().unwrap();
    let Some(good) = uncompressed(&tree(), directory.path()) else { return };
    let file = directory.path().join("changed");
    let inodes = u64::from_le_bytes(good[64..72].try_into().unwrap()) as usize;
    let used = u64::from_le_bytes(good[40..48].try_into().unwrap()) as usize;
    let mut numbers = Numbers(7);
    for _ in 0..4000 {
        let mut bytes = good.clone();
        for _ in 0..=numbers.below(3) {
            let at = inodes + numbers.below(used - inodes);
            let value = [0, 1, 2, 0xff, numbers.below(256) as u8][numbers.below(5)];
            let end = bytes.len().min(at + 1 + numbers.below(4));
            bytes[at..end].fill(value);
        }
        exhaust(&file, &bytes);
    }
}

/// Where the directory entry of this name begins.
fn entry_of(image: &[u8], name: &str) -> usize {
    let length = (name.len() as u16 - 1).to_le_bytes();
    let wanted = [&length[..], name.as_bytes()].concat();
    image.windows(wanted.len()).rposition(|window| window == wanted).unwrap() - 6
}

#[test]
fn a_directory_within_itself_or_with_two_names_is_refused() {
    let directory = tempfile::tempdir().unwrap();
    let mut tree = Tree::new();
    for name in ["first/within", "second"] {
        let node = Node { meta: Meta::default(), kind: Kind::Directory };
        tree.insert(path(name), node).unwrap();
    }
    let Some(good) = uncompressed(&tree, directory.path()) else { return };
    let file = directory.path().join("changed");
    for (name, taken) in [("within", "first"), ("within", "second"), ("second", "first")] {
        let (from, to) = (entry_of(&good, taken), entry_of(&good, name));
        let mut bytes = good.clone();
        bytes.copy_within(from..from + 2, to);
        std::fs::write(&file, bytes).unwrap();
        let error = squashfs::read(&file, 0).map(|_| ()).unwrap_err();
        let why = std::error::Error::source(&error).unwrap().to_string();
        assert!(why.ends_with("a directory has two names"), "{why}");
    }
}

#[test]
fn images_cut_off_anywhere_are_refused() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("cut");
    let good = image(directory.path(), Compression::Zstd(1));
    let used = u64::from_le_bytes(good[40..48].try_into().unwrap()) as usize;
    assert!(exhaust(&file, &good[..used]));
    for length in (0..200).chain((200..used).step_by(97)).chain(used - 100..used) {
        assert!(!exhaust(&file, &good[..length]), "{length} of {used} bytes are enough");
    }
    assert!(squashfs::read(&file, u64::MAX).is_err());
    assert!(squashfs::read(&directory.path().join("absent"), 0).is_err());
}
