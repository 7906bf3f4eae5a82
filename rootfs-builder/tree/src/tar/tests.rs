#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_types)]

mod foreign;
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
    let path = directory.path().join("archive.tar");
    fs_err::write(&path, bytes).unwrap();
    read_spans(&path.into())
}

fn written(tree: &Tree) -> Vec<u8> {
    let mut bytes = Vec::new();
    write(tree, &mut bytes).unwrap();
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

fn limits() -> Limits {
    let owners = vec![(0, 0), (1000, 7), (2_097_152, u32::MAX)];
    let seconds = (i64::MIN / 2, i64::MAX / 2);
    Limits { owners, mode_bits: 0, seconds, is_meta_free: true }
}

proptest! {
    #[test]
    fn what_is_written_is_read_again(tree in trees(limits())) {
        let directory = tempfile::tempdir().unwrap();
        let path: Arc<Path> = directory.path().join("archive.tar").into();
        fs_err::write(&path, written(&tree)).unwrap();
        let again = Tree::from_entries(read_spans(&path).unwrap()).unwrap();
        prop_assert_eq!(compare(&tree, &again).unwrap(), []);
        prop_assert_eq!(written(&tree), written(&again));
    }

    #[test]
    fn no_bytes_make_the_reader_panic(
        tree in trees(limits()),
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 1..9),
    ) {
        let mut bytes = written(&tree);
        for (index, byte) in changes {
            let index = index.index(bytes.len());
            bytes[index] = byte;
        }
        let _ = read(&bytes);
        repair_checksums(&mut bytes);
        let _ = read(&bytes);
    }
}

/// Makes changed headers plausible, so that what lies behind the checksum is reached.
fn repair_checksums(bytes: &mut [u8]) {
    for block in bytes.chunks_exact_mut(512) {
        if block[257..].starts_with(b"ustar") {
            let mut header = header::Header([0; 512]);
            header.0.copy_from_slice(block);
            header.seal();
            block.copy_from_slice(&header.0);
        }
    }
}

#[test]
fn plain_nodes_need_no_extended_headers() {
    let tree = tree_of([
        ("etc/passwd", Kind::File(b"root".to_vec().into())),
        ("bin", Kind::Symlink((*b"usr/bin").into())),
    ]);
    let bytes = written(&tree);
    assert_eq!(bytes.len(), 10240);
    assert!(
        bytes.chunks(512).all(|block| block[156] != b'x' || !block[257..].starts_with(b"ustar"))
    );
    let blocks = bytes.chunks(512).filter(|block| block.starts_with(b"./"));
    let names: Vec<_> =
        blocks.map(|block| block.split(|byte| *byte == 0).next().unwrap()).collect();
    assert_eq!(names, [&b"./"[..], b"./bin", b"./etc/", b"./etc/passwd"]);
}

#[test]
fn a_socket_is_refused_by_name() {
    let error = write(&tree_of([("run/s", Kind::Socket)]), &mut Vec::new()).unwrap_err();
    assert_eq!(error.to_string(), "/run/s cannot be stored in a tar archive: it is a socket");
}

#[test]
fn a_vanished_source_and_a_full_disk_are_told_apart() {
    struct Full;
    impl std::io::Write for Full {
        fn write(&mut self, _: &[u8]) -> std::io::Result<usize> {
            Err(std::io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }
    for length in [1, 1_000_000] {
        let tree = tree_of([("f", Kind::File(vec![0; length].into()))]);
        let error = write(&tree, &mut Full).unwrap_err();
        assert!(matches!(error, Error::Output(_)), "{error}");
    }
    let span = crate::Content::Span { file: Path::new("/absent").into(), offset: 0, length: 1 };
    let error = write(&tree_of([("f", Kind::File(span))]), &mut Vec::new()).unwrap_err();
    assert!(matches!(error, Error::Content { .. }), "{error}");
}

#[test]
fn spans_point_into_the_archive() {
    let mut tree = tree_of([("a", Kind::File(b"first".to_vec().into()))]);
    tree.insert(
        GuestPath::new("b").unwrap(),
        Node {
            meta: Meta { mtime: Timestamp { seconds: -1, nanoseconds: 1 }, ..Meta::default() },
            kind: Kind::File(b"second".to_vec().into()),
        },
    )
    .unwrap();
    let directory = tempfile::tempdir().unwrap();
    let path: Arc<Path> = directory.path().join("archive.tar").into();
    fs_err::write(&path, written(&tree)).unwrap();
    let members = read_spans(&path).unwrap();
    let Kind::File(content) = &members[2].1.kind else { panic!("not a file") };
    assert!(content.is_stored_below(directory.path()));
    assert_eq!(content.read(6).unwrap(), b"second");
}

#[test]
fn members_come_with_the_names_of_their_owners_and_the_record_that_was_asked_for() {
    let mut body = Vec::new();
    pax::push(&mut body, b"SUM", b"beef");
    let mut extension = header::Header::new(b'x');
    extension.set(header::Field::Size, body.len() as u64);
    extension.seal();
    let mut bytes = extension.0.to_vec();
    bytes.extend_from_slice(&body);
    bytes.resize(1024, 0);
    for name in ["first", "second"] {
        let mut header = header::Header::new(b'0');
        header.set_name(name.as_bytes());
        header.0[265..270].copy_from_slice(b"nginx");
        header.0[297..300].copy_from_slice(b"www");
        header.seal();
        bytes.extend_from_slice(&header.0);
    }
    bytes.resize(bytes.len() + 1024, 0);
    let directory = tempfile::tempdir().unwrap();
    let path: Arc<Path> = directory.path().join("archive.tar").into();
    fs_err::write(&path, &bytes).unwrap();
    let members = read_members(&path, b"SUM").unwrap();
    assert_eq!(members[0].record.as_deref(), Some(&b"beef"[..]));
    assert_eq!(members[1].record, None, "a record holds for one member");
    assert_eq!((&*members[1].user, &*members[1].group), (&b"nginx"[..], &b"www"[..]));
    assert_eq!(read_members(&path, b"OTHER").unwrap()[0].record, None);
}
