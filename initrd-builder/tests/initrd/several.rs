//! Several archives in one file.

use std::path::Path;
use std::sync::Arc;

use initrd_builder::{Archive, Compression, Error};
use test_support::assert_same;
use tree::{Kind, Tree};

use super::made::{compressions, file, options, pack, path, put, read, varied};

fn together(archives: &[(&Tree, Compression)]) -> Vec<u8> {
    let archives: Vec<_> = archives
        .iter()
        .map(|(tree, compression)| Archive { tree, compressor: (*compression).into() })
        .collect();
    let mut bytes = Vec::new();
    initrd_builder::write(&archives, &options(2), &mut bytes).unwrap();
    bytes
}

fn microcode() -> Tree {
    let mut tree = Tree::new();
    put(&mut tree, "kernel/x86/microcode/GenuineIntel.bin", 0o644, file(vec![7; 5000]));
    tree
}

#[test]
fn microcode_comes_first_and_an_overlay_last() {
    let host = tempfile::tempdir().unwrap();
    let (first, base) = (microcode(), varied());
    let mut overlay = Tree::new();
    put(&mut overlay, "etc/text", 0o640, file("other"));
    put(&mut overlay, "etc/link", 0o755, file("no link any more"));
    put(&mut overlay, "new", 0o755, Kind::Directory);
    let mut expected = first.clone();
    for tree in [&base, &overlay] {
        for (path, node) in tree {
            expected.insert(path.clone(), node.clone()).unwrap();
        }
    }
    for base_compression in Compression::ALL {
        for overlay_compression in Compression::ALL {
            let bytes = together(&[
                (&first, Compression::None),
                (&base, base_compression),
                (&overlay, overlay_compression),
            ]);
            assert!(bytes.starts_with(b"070701"));
            let found = read(host.path(), &bytes).unwrap();
            assert_same(&expected, &found);
        }
    }
}

#[test]
fn a_file_is_written_over_under_all_its_names() {
    // The kernel opens the file that is there, and does not make a new one.
    let host = tempfile::tempdir().unwrap();
    let mut overlay = Tree::new();
    put(&mut overlay, "usr/twin", 0o600, file("new"));
    let bytes = together(&[(&varied(), Compression::Lz4), (&overlay, Compression::Gzip)]);
    let found = read(host.path(), &bytes).unwrap();
    for name in ["etc/noise", "usr/twin"] {
        let Kind::File(content) = &found.inode(&path(name)).unwrap().kind else { panic!() };
        assert_eq!(content.read(10).unwrap(), b"new");
    }
    assert_eq!(found.names(&path("usr/twin")).len(), 2);
}

#[test]
fn one_archive_ends_where_it_ends() {
    for compression in compressions() {
        let bytes = pack(&microcode(), compression, 1);
        assert!(together(&[(&microcode(), compression)]) == bytes);
        let two = together(&[(&microcode(), compression), (&microcode(), compression)]);
        assert_eq!((two.len() - bytes.len()) % 512, 0);
    }
}

#[test]
fn members_are_told_with_their_places_and_sizes() {
    let host = tempfile::tempdir().unwrap();
    let (early, base) = (microcode(), varied());
    for compression in Compression::ALL {
        let mut parts = [Compression::None, compression, Compression::None].map(|compression| {
            pack(if compression == Compression::None { &early } else { &base }, compression, 1)
        });
        let stored = parts[1].len() as u64;
        // One that is not compressed begins at a multiple of four, and lz4 ends with four zeros.
        let aligned = parts[1].len().next_multiple_of(4) + 4;
        parts[1].resize(aligned, 0);
        let file: Arc<Path> = host.path().join(compression.name()).into();
        std::fs::write(&file, parts.concat()).unwrap();
        let members = initrd_builder::members(&file, 64 << 20).unwrap();
        let found: Vec<_> = members.iter().map(|member| member.compression).collect();
        assert_eq!(found, [Compression::None, compression, Compression::None]);
        let offsets: Vec<_> = members.iter().map(|member| member.offset).collect();
        let [first, second, _] = parts.each_ref().map(|part| part.len() as u64);
        assert_eq!(offsets, [0, first, first + second]);
        // Zeros behind an archive belong to none.
        let whole = first - members[0].stored_bytes;
        assert!(whole < 512 && members[0].stored_bytes == members[0].plain_bytes);
        if compression != Compression::None {
            let end = if compression == Compression::Lz4 { 4 } else { 0 };
            assert_eq!(members[1].stored_bytes, stored + end);
            assert_eq!(members[1].plain_bytes, pack(&base, Compression::None, 1).len() as u64);
        }
        let error = initrd_builder::members(&file, 1 << 20);
        let is_bounded = matches!(error, Err(Error::TooLarge { .. }));
        assert_eq!(is_bounded, compression != Compression::None);
    }
}
