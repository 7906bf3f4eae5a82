//! Filesystems that the kernel goes on writing to.

use std::collections::BTreeSet;
use std::path::Path;

use ext4::{Options, Size};
use test_support::noise;
use tree::{Kind, Meta, Node, Tree};

use crate::image::{Image, MIB, has_tools, options, path};

const FILES: usize = 6000;

fn tree() -> Tree {
    let mut tree = Tree::new();
    let mut put = |name: String, kind| {
        let meta = Meta { mode: 0o755, ..Meta::default() };
        tree.insert(path(name), Node { meta, kind }).unwrap();
    };
    for number in 0..FILES {
        put(format!("many/old-{number}"), Kind::File(noise(number as u32, 100).into()));
    }
    put("sparse".to_owned(), Kind::File(noise(1, 2 << 20).into()));
    tree
}

/// Creates, removes, renames and writes a lot.
fn change(root: &Path) {
    let many = root.join("many");
    for number in 0..8000 {
        std::fs::write(many.join(format!("new-{number}")), b"new").unwrap();
    }
    for number in (0..FILES).step_by(2) {
        std::fs::remove_file(many.join(format!("old-{number}"))).unwrap();
    }
    for number in 0..300 {
        std::fs::create_dir_all(root.join(format!("many/directory-{number}/below"))).unwrap();
    }
    std::fs::rename(many.join("old-1"), root.join("lost+found/moved")).unwrap();
    std::fs::write(root.join("large"), noise(5, 40 << 20)).unwrap();
    std::fs::write(root.join("sparse"), b"short now").unwrap();
}

fn check(options: &Options) {
    if !has_tools() {
        return;
    }
    let image = Image::of(&tree(), options);
    let Some(seen) = image.mounted(|root| {
        change(root);
        let entries = std::fs::read_dir(root.join("many")).unwrap();
        entries.map(|entry| entry.unwrap().file_name()).collect::<BTreeSet<_>>()
    }) else {
        return;
    };
    assert_eq!(seen.len(), 8000 + FILES / 2 - 1 + 300);
    image.check();
    // What the kernel wrote is read as well.
    let tree = ext4::read(&image.path, 0).unwrap();
    assert_eq!(tree.below(&path("many")).count(), seen.len() + 300);
    let Some(Kind::File(large)) = tree.get(&path("large")).map(|node| &node.kind) else { panic!() };
    assert_eq!(large.read(40 << 20).unwrap(), noise(5, 40 << 20));
}

#[test]
fn a_filesystem_with_journal_can_be_written_to() {
    check(&options(Size::Exact(256 * MIB)));
}

#[test]
fn a_filesystem_without_journal_can_be_written_to() {
    let size = Size::Smallest { free_bytes: 100 * MIB };
    check(&Options { journal: false, ..options(size) });
}
