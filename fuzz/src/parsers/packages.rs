//! What packages are made of: compressed streams, ar, tar.

use rootfs_builder::decompress::{self, decompress};
use rootfs_builder::digest::Digest;
use rootfs_builder::family::deb::archive::{Limits, open_package};
use rootfs_builder::store::{BlobId, Shelf, Store};
use test_support::{Compression, Entry, Package, tar};
use tree::{GuestPath, Node, Tree};

use crate::Target;

/// The most that an input may become when it is decompressed here.
pub(super) const PLAIN_LIMIT_BYTES: u64 = 1 << 22;

pub(crate) const ALL: &[Target] = &[
    Target {
        name: "gzip",
        run: |data| unpack(decompress::Compression::Gzip, data),
        seeds: || compressed(Compression::Gz),
    },
    Target {
        name: "xz",
        run: |data| unpack(decompress::Compression::Xz, data),
        seeds: || compressed(Compression::Xz),
    },
    Target {
        name: "zstd",
        run: |data| unpack(decompress::Compression::Zstd, data),
        seeds: || compressed(Compression::Zst),
    },
    Target { name: "deb", run: open_deb, seeds: debs },
    Target { name: "tar", run: read_tar, seeds: tars },
];

fn unpack(compression: decompress::Compression, mut data: &[u8]) -> bool {
    let (length, mut output) = (data.len() as u64, std::io::sink());
    decompress(compression, &mut data, length, &mut output, PLAIN_LIMIT_BYTES).is_ok()
}

fn compressed(compression: Compression) -> Vec<Vec<u8>> {
    let texts = [Vec::new(), b"Package: hello\n".repeat(40), vec![0; 100_000]];
    texts.iter().map(|text| compression.compress(text)).collect()
}

/// A directory that no disk has to keep, where there is such a thing.
pub(super) fn in_memory() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap()
}

fn open_deb(data: &[u8]) -> bool {
    let directory = in_memory();
    let store = Store::open(directory.path()).unwrap();
    let id = BlobId { size: data.len() as u64, sha256: Digest::of(data) };
    store.insert(Shelf::Blobs, id, &mut { data }).unwrap();
    let limits = Limits { control_bytes: PLAIN_LIMIT_BYTES, data_bytes: PLAIN_LIMIT_BYTES };
    open_package(&store, id, limits).is_ok()
}

fn debs() -> Vec<Vec<u8>> {
    let package = Package::new("hello", "1:1.0-1")
        .depends("other (>= 2) | more")
        .file("usr/bin/hello", "#!/bin/sh\n", 0o755)
        .symlink("usr/bin/hi", "hello")
        .hard_link("usr/bin/hallo", "usr/bin/hello")
        .device("dev/null", 1, 3)
        .conffile("etc/hello.conf", "polite=yes\n")
        .script("postinst", "#!/bin/sh\n");
    [Compression::None, Compression::Gz, Compression::Xz, Compression::Zst]
        .map(|compression| package.clone().compression(compression).build().bytes)
        .into()
}

/// Reads an archive and does with it what unpacking does.
fn read_tar(data: &[u8]) -> bool {
    let directory = in_memory();
    let file = directory.path().join("tar");
    std::fs::write(&file, data).unwrap();
    let Ok(members) = tree::tar::read_spans(&file.into()) else { return false };
    let mut tree = Tree::new();
    let mut insert = |(path, node): (GuestPath, Node)| -> Result<(), tree::Error> {
        let path = tree.resolve_parents(&path)?;
        tree.insert(path, node)
    };
    let is_sound = members.into_iter().all(|member| insert(member).is_ok());
    tree::tar::write(&tree, &mut std::io::sink()).expect("a tree can be written");
    is_sound
}

fn tars() -> Vec<Vec<u8>> {
    let long = "long/".repeat(60);
    let entries = [
        Entry::directory("./", 0o755),
        Entry::directory("./etc/", 0o755),
        Entry::file("./etc/file", "content", 0o644).owner(1000, 3_000_000),
        Entry::file("./etc/capable", "content", 0o755)
            .xattr("security.capability", b"\x01\0\0\x02"),
        Entry::symlink("./etc/link", &long),
        Entry::hard_link("./etc/other", "./etc/file"),
        Entry::character_device("./null", 1, 3),
        Entry::fifo("./pipe"),
        Entry::file(&format!("./{}", "n".repeat(180)), "", 0o644),
    ];
    vec![tar(&entries), tar(&[])]
}
