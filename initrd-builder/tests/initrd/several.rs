//! Several archives in one file.

use initrd_builder::{Archive, Compression};
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
