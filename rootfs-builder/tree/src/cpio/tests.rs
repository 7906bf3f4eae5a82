#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_types)]

mod hostile;

use std::path::Path;
use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::arbitrary::{Limits, trees};
use crate::{Error, GuestPath, Kind, Meta, Node, Timestamp, Tree, compare};

/// Stores archive bytes in a file and reads them.
fn read(bytes: &[u8]) -> Result<Vec<(GuestPath, Node)>, Error> {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("archive.cpio");
    fs_err::write(&path, bytes).unwrap();
    read_spans(&path.into())
}

fn written(tree: &Tree) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(tree, Xattrs::LeaveOut, &mut bytes).unwrap();
    bytes
}

fn tree_of(nodes: impl IntoIterator<Item = (&'static str, Kind)>) -> Tree {
    let mut tree = Tree::new();
    for (path, kind) in nodes {
        let meta = Meta { mode: 0o644, ..Meta::default() };
        tree.insert(GuestPath::new(path).unwrap(), Node { meta, kind }).unwrap();
    }
    tree
}

fn file(bytes: &[u8]) -> Kind {
    Kind::File(bytes.to_vec().into())
}

fn link(target: &str) -> Kind {
    Kind::HardLink(GuestPath::new(target).unwrap())
}

fn limits() -> Limits {
    let owners = vec![(0, 0), (1000, 7), (2_097_152, u32::MAX)];
    let seconds = (0, i64::from(u32::MAX));
    Limits { owners, mode_bits: 0, seconds, is_meta_free: true }
}

/// What an archive keeps of a tree.
fn kept(mut tree: Tree) -> Tree {
    for (_, meta) in tree.metas_mut() {
        meta.xattrs.clear();
        meta.mtime = Timestamp::from_seconds(meta.mtime.seconds.max(0));
    }
    tree
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(tree in trees(limits())) {
        let tree = kept(tree);
        let directory = tempfile::tempdir().unwrap();
        let path: Arc<Path> = directory.path().join("archive.cpio").into();
        fs_err::write(&path, written(&tree)).unwrap();
        let again = Tree::from_entries(read_spans(&path).unwrap()).unwrap();
        prop_assert_eq!(compare(&tree, &again).unwrap(), []);
        prop_assert_eq!(written(&tree), written(&again));
    }

    #[test]
    fn no_bytes_make_the_reader_panic(
        tree in trees(limits()),
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), changed()), 1..9),
        cut in any::<proptest::sample::Index>(),
    ) {
        let mut bytes = written(&kept(tree));
        let length = bytes.len();
        for (index, byte) in changes {
            let index = index.index(bytes.len());
            bytes[index] = byte;
        }
        let _ = read(&bytes);
        let _ = read(&bytes[..cut.index(length)]);
    }
}

/// Digits, which lead further than other bytes do.
fn changed() -> impl Strategy<Value = u8> {
    prop_oneof![2 => proptest::sample::select(b"0123456789ABCDEFf".to_vec()), 1 => any::<u8>()]
}

#[test]
fn every_cut_is_noticed() {
    let bytes = written(&tree_of([
        ("a", file(b"abc")),
        ("b", Kind::Symlink((*b"a").into())),
        ("c", Kind::Fifo),
    ]));
    let trailer = bytes.windows(10).position(|window| window == b"TRAILER!!!").unwrap();
    let end = (trailer + 11).next_multiple_of(4);
    assert_eq!(bytes.len(), 1024);
    for length in 0..end {
        assert!(read(&bytes[..length]).is_err(), "{length}");
    }
    assert_eq!(read(&bytes[..end]).unwrap().len(), 4);
}

#[test]
fn names_are_sorted_and_plain() {
    let tree =
        tree_of([("b", file(b"x")), ("a", Kind::Directory), ("a/c", file(b"")), ("a-", link("b"))]);
    let text = String::from_utf8_lossy(&written(&tree)).into_owned();
    let headers: Vec<_> = text.match_indices("070701").map(|(at, _)| &text[at..]).collect();
    let names: Vec<_> = headers.iter().map(|at| at[110..].split('\0').next().unwrap()).collect();
    assert_eq!(names, [".", "a", "a-", "a/c", "b", "TRAILER!!!"]);
    let numbers: Vec<_> = headers.iter().map(|at| at[13..14].to_owned()).collect();
    assert_eq!(numbers, ["1", "2", "3", "4", "3", "0"]);
    // The content is with the last of the names.
    let sizes: Vec<_> = headers.iter().map(|at| at[61..62].to_owned()).collect();
    assert_eq!(sizes, ["0", "0", "0", "0", "1", "0"]);
}

#[test]
fn what_has_no_form_is_refused_by_name_before_a_byte_is_written() {
    let check = |tree: &Tree, message: &str| {
        let mut output = Vec::new();
        let error = write(tree, Xattrs::Refuse, &mut output).unwrap_err();
        assert_eq!(error.to_string(), message);
        assert_eq!(output, b"");
    };
    let large = crate::Content::Span { file: Path::new("/x").into(), offset: 0, length: 1 << 32 };
    let message = "/a/large cannot be stored in a cpio archive: it has 4 GiB or more";
    check(&tree_of([("a/large", Kind::File(large))]), message);
    let target = Kind::Symlink(vec![b't'; 4096].into());
    let message = "/s cannot be stored in a cpio archive: its target is empty, longer than \
                   4095 bytes, or holds a NUL byte";
    check(&tree_of([("s", target)]), message);
    check(&tree_of([("s", Kind::Symlink((*b"").into()))]), message);
    let message = "/TRAILER!!! cannot be stored in a cpio archive: archives end with this name";
    check(&tree_of([("TRAILER!!!", file(b""))]), message);
    for seconds in [-1, 1 << 32] {
        let mut tree = tree_of([("old", file(b""))]);
        let meta = tree.meta_mut(&GuestPath::new("old").unwrap()).unwrap();
        meta.mtime = Timestamp { seconds, nanoseconds: 1 };
        let message = "/old cannot be stored in a cpio archive: its time is before 1970 or after \
                       2106";
        check(&tree, message);
    }
    let mut tree = tree_of([("f", file(b""))]);
    let meta = tree.meta_mut(&GuestPath::new("f").unwrap()).unwrap();
    meta.xattrs.insert((*b"user.a").into(), (*b"b").into());
    check(&tree, "/f cannot be stored in a cpio archive: it has extended attributes");
    assert!(read(&written(&tree)).unwrap()[1].1.meta.xattrs.is_empty());
}

#[test]
fn archives_behind_each_other_are_one() {
    let first = written(&tree_of([("a", file(b"one")), ("z", link("a"))]));
    let second = written(&tree_of([("b", file(b"two")), ("y", link("b"))]));
    for zeros in [0, 4, 512, 100_000] {
        let both = [first.clone(), vec![0; zeros], second.clone()].concat();
        let tree = Tree::from_entries(read(&both).unwrap()).unwrap();
        let names: Vec<_> = tree.iter().map(|(path, _)| path.to_string()).collect();
        assert_eq!(names, ["/", "/a", "/b", "/y", "/z"]);
        assert_eq!(tree.names(&GuestPath::new("z").unwrap()).len(), 2);
    }
    let mut budget = Budget::default();
    let directory = tempfile::tempdir().unwrap();
    let path: Arc<Path> = directory.path().join("archive.cpio").into();
    fs_err::write(&path, [first.clone(), second].concat()).unwrap();
    let archive = read_archive(&path, first.len() as u64, &mut budget).unwrap();
    assert_eq!(archive.entries[1].0, GuestPath::new("b").unwrap());
}
