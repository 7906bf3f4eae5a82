//! Tables that only other readers use, and images made to do harm.
#![allow(clippy::unwrap_used)]

use std::path::PathBuf;

use tree::{Content, GuestPath, Kind, Meta, Node};

use super::fields::Fields;
use super::table::Table;
use super::*;
use crate::format::Place;
use crate::format::superblock::SUPERBLOCK_BYTES;
use crate::options::Options;

struct Written {
    _directory: tempfile::TempDir,
    path: PathBuf,
}

fn written(names: &[&str]) -> Written {
    let mut tree = Tree::new();
    for name in names {
        let kind = Kind::File(Content::from(name.as_bytes().to_vec()));
        tree.insert(GuestPath::new(name).unwrap(), Node { meta: Meta::default(), kind }).unwrap();
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("image");
    let file = fs_err::File::create(&path).unwrap();
    crate::write(&tree, &Options::new(0), &volume::Region::new(&file, 0)).unwrap();
    Written { _directory: directory, path }
}

#[test]
fn the_export_table_leads_to_every_inode_by_its_number() {
    let names: Vec<_> = (0..3000).map(|number| format!("{}/{number}", number % 7)).collect();
    let written = written(&names.iter().map(String::as_str).collect::<Vec<_>>());
    let image = Image::open(&written.path, 0).unwrap();
    let superblock = &image.superblock;
    let count = superblock.inode_count;
    assert_eq!(count, 3000 + 7 + 1);
    let exports = Table::read_listed(&image, superblock.export_table, u64::from(count) * 8);
    let exports = exports.unwrap();
    let inodes = Table::read(&image, superblock.inode_table, superblock.directory_table).unwrap();
    let mut references = Fields(exports.all());
    for number in 1..=count {
        let place = Place::from_reference(references.long().unwrap());
        let inode = inodes::read(&mut inodes.from(place).unwrap()).unwrap();
        assert_eq!(inode.number, number);
    }
    assert!(references.0.is_empty());
}

/// Changes the superblock of an image, and returns why that is refused.
#[track_caller]
fn refused(change: impl FnOnce(&mut crate::format::superblock::Superblock)) -> String {
    let written = written(&["a/file", "b/file"]);
    let mut superblock = Image::open(&written.path, 0).unwrap().superblock;
    change(&mut superblock);
    let mut bytes = fs_err::read(&written.path).unwrap();
    bytes[..SUPERBLOCK_BYTES].copy_from_slice(&superblock.to_bytes());
    fs_err::write(&written.path, bytes).unwrap();
    let Error::Image { source, .. } = read(&written.path, 0).map(drop).unwrap_err() else {
        panic!()
    };
    source.to_string()
}

#[test]
fn superblocks_that_promise_too_much_are_refused() {
    assert_eq!(refused(|it| it.bytes_used = 1 << 40), "the file is shorter than the filesystem");
    assert_eq!(refused(|it| it.inode_count = 4), "there are more inodes than are said");
    assert_eq!(refused(|it| it.fragment_count = u32::MAX), "a table has another size than is said");
    assert_eq!(refused(|it| it.owner_count = 9), "a table has another size than is said");
    assert_eq!(refused(|it| it.inode_table = it.directory_table + 1), "tables are not in order");
    assert_eq!(refused(|it| it.root = 1 << 40), "metadata are not where they are said to be");
    assert_eq!(refused(|it| it.root |= 9000), "a place lies beyond its block");
    assert_eq!(refused(|it| it.root = 0), "the root is no directory");
    for (algorithm, name) in [(2, "lzma"), (3, "lzo"), (5, "lz4"), (9, "of an unknown number")] {
        let expected = format!("the compression {name} is not supported");
        assert_eq!(refused(|it| it.algorithm = algorithm), expected);
    }
}
