//! What the volume gets, and what is in it.
#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::io;
use std::sync::Mutex;

use tree::{Content, GuestPath, Kind, Meta, Node, Timestamp, Tree};

use super::*;
use crate::error::Refusal;
use crate::format::PADDED_BYTES;
use crate::format::superblock::SUPERBLOCK_BYTES;
use crate::options::Compression;

/// Remembers what is written, in order.
#[derive(Default)]
struct Recorder(Mutex<Vec<(u64, Vec<u8>)>>);

impl Volume for Recorder {
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.0.lock().unwrap().push((offset, bytes.to_vec()));
        Ok(())
    }
}

impl Recorder {
    fn bytes(self) -> Vec<u8> {
        let writes: BTreeMap<_, _> = self.0.into_inner().unwrap().into_iter().collect();
        writes.into_values().flatten().collect()
    }
}

fn options() -> Options {
    Options { block_size: 4096, ..Options::new(7) }
}

fn insert(tree: &mut Tree, path: &str, meta: Meta, kind: Kind) {
    tree.insert(GuestPath::new(path).unwrap(), Node { meta, kind }).unwrap();
}

fn file(tree: &mut Tree, path: &str, bytes: &[u8]) {
    insert(tree, path, Meta::default(), Kind::File(Content::from(bytes.to_vec())));
}

fn write_to_memory(tree: &Tree, options: &Options) -> Vec<u8> {
    let recorder = Recorder::default();
    let size = write(tree, options, &recorder).unwrap();
    let bytes = recorder.bytes();
    assert_eq!(bytes.len() as u64, size);
    bytes
}

fn superblock(bytes: &[u8]) -> Superblock {
    Superblock::from_bytes(bytes[..SUPERBLOCK_BYTES].try_into().unwrap()).unwrap()
}

#[track_caller]
fn refused(meta: Meta, kind: Kind) -> Refusal {
    let mut tree = Tree::new();
    insert(&mut tree, "a", Meta::default(), Kind::Directory);
    insert(&mut tree, "a/b", meta, kind);
    let recorder = Recorder::default();
    let error = write(&tree, &options(), &recorder).unwrap_err();
    assert!(recorder.bytes().is_empty(), "nothing is written before all is admitted");
    let Error::Refused { path, source } = error else { panic!("{error}") };
    assert_eq!(path.to_string(), "/a/b");
    source
}

#[test]
fn blocks_are_written_whole_once_and_in_order_but_the_first_comes_last() {
    let mut tree = Tree::new();
    for number in 0..30 {
        file(&mut tree, &format!("{number}"), &test_support::noise(number, 100_001));
    }
    let recorder = Recorder::default();
    let size = write(&tree, &options(), &recorder).unwrap();
    let writes = recorder.0.lock().unwrap();
    let mut next = PADDED_BYTES as u64;
    for (offset, bytes) in &writes[..writes.len() - 1] {
        assert_eq!((*offset, bytes.len() % PADDED_BYTES), (next, 0));
        next += bytes.len() as u64;
    }
    assert!(writes.len() > 3, "large filesystems are written in pieces");
    assert_eq!((next, writes.last().unwrap().0), (size, 0));
    assert_eq!(writes.last().unwrap().1.len(), PADDED_BYTES);
}

#[test]
fn an_empty_tree_is_one_block() {
    let bytes = write_to_memory(&Tree::new(), &options());
    let superblock = superblock(&bytes);
    assert_eq!((bytes.len(), superblock.inode_count, superblock.time), (4096, 1, 7));
    assert_eq!(superblock.xattr_table, NO_TABLE);
}

#[test]
fn equal_files_are_stored_once_even_if_one_is_a_hole() {
    let noise = test_support::noise(1, 50_000);
    let mut once = Tree::new();
    file(&mut once, "a", &noise);
    let mut often = once.clone();
    for name in ["b", "c", "d"] {
        file(&mut often, name, &noise);
    }
    let size = |tree| write_to_memory(tree, &options()).len();
    assert_eq!(size(&once), size(&often));
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("hole");
    fs_err::File::create(&path).unwrap().set_len(1 << 20).unwrap();
    let hole = Content::Span { file: path.into(), offset: 0, length: 1 << 20 };
    let mut holes = Tree::new();
    insert(&mut holes, "hole", Meta::default(), Kind::File(hole));
    file(&mut holes, "zeros", &vec![0; 1 << 20]);
    assert_eq!(write_to_memory(&holes, &options()).len(), 4096);
}

#[test]
fn zeros_and_holes_are_the_same_bytes() {
    let mut bytes = vec![0; 300_000];
    bytes[150_000..150_010].fill(1);
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("sparse");
    let sparse = fs_err::File::create(&path).unwrap();
    sparse.set_len(300_000).unwrap();
    std::os::unix::fs::FileExt::write_all_at(sparse.file(), &[1; 10], 150_000).unwrap();
    let span = Content::Span { file: path.into(), offset: 0, length: 300_000 };
    let with = |content| {
        let mut tree = Tree::new();
        insert(&mut tree, "file", Meta::default(), Kind::File(content));
        write_to_memory(&tree, &options())
    };
    assert_eq!(with(Content::from(bytes)), with(span));
}

#[test]
fn what_the_format_cannot_hold_is_refused_by_path() {
    let at = |seconds| Meta { mtime: Timestamp { seconds, nanoseconds: 9 }, ..Meta::default() };
    assert_eq!(refused(at(-1), Kind::Fifo), Refusal::Time(-1));
    assert_eq!(refused(at(1 << 32), Kind::Fifo), Refusal::Time(1 << 32));
    let with = |name: &[u8], length| {
        let mut meta = Meta::default();
        meta.xattrs.insert(name.into(), vec![0; length].into());
        meta
    };
    let long = [b"user.".as_slice(), &[b'n'; 251]].concat();
    let names: [&[u8]; 6] =
        [b"system.posix_acl_access", b"system.a", b"user.", b"user", b"user.a\0b", &long];
    for name in names {
        let shown = name.escape_ascii().to_string();
        assert_eq!(refused(with(name, 1), Kind::Fifo), Refusal::XattrName(shown));
    }
    let name = "user.a".to_owned();
    assert_eq!(refused(with(b"user.a", 65_537), Kind::Fifo), Refusal::XattrValue(name));
    for length in [0, 4096] {
        let link = Kind::Symlink(vec![b'a'; length].into());
        assert_eq!(refused(Meta::default(), link), Refusal::Symlink(length));
    }
    for (major, minor) in [(4096, 0), (0, 1 << 20)] {
        let refusal = Refusal::Device { major, minor };
        assert_eq!(refused(Meta::default(), Kind::CharDevice { major, minor }), refusal);
        assert_eq!(refused(Meta::default(), Kind::BlockDevice { major, minor }), refusal);
    }
    let length = 1 << 36;
    let large = Content::Span { file: std::path::Path::new("none").into(), offset: 0, length };
    assert_eq!(refused(Meta::default(), Kind::File(large)), Refusal::FileSize(length));
}

#[test]
fn as_many_owners_as_the_format_has_are_stored_and_one_more_is_refused() {
    let mut tree = Tree::new();
    for uid in 1..65_535 {
        insert(&mut tree, &format!("{uid:05}"), Meta { uid, ..Meta::default() }, Kind::Fifo);
    }
    let bytes = write_to_memory(&tree, &options());
    assert_eq!(superblock(&bytes).owner_count, 65_535);
    insert(&mut tree, "last", Meta { gid: 65_535, ..Meta::default() }, Kind::Fifo);
    let error = write(&tree, &options(), &Recorder::default()).unwrap_err();
    let Error::Refused { path, source } = error else { panic!("{error}") };
    assert_eq!((path.to_string().as_str(), source), ("/last", Refusal::Owners));
}

#[test]
fn options_that_the_format_does_not_have_are_refused() {
    for wrong in [
        Options { block_size: 2048, ..options() },
        Options { block_size: 2 << 20, ..options() },
        Options { block_size: 5000, ..options() },
        Options { compression: Compression::Zstd(0), ..options() },
        Options { compression: Compression::Zstd(23), ..options() },
        Options { compression: Compression::Gzip(10), ..options() },
        Options { time: -1, ..options() },
        Options { time: 1 << 32, ..options() },
    ] {
        let error = write(&Tree::new(), &wrong, &Recorder::default()).unwrap_err();
        assert!(matches!(error, Error::Options(_)), "{wrong:?}: {error}");
    }
}

#[test]
fn a_content_that_ends_early_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let content = Content::Span { file: file.path().into(), offset: 0, length: 10_000 };
    for count in [1, 2] {
        let mut tree = Tree::new();
        for number in 0..count {
            insert(&mut tree, &number.to_string(), Meta::default(), Kind::File(content.clone()));
        }
        let error = write(&tree, &options(), &Recorder::default()).unwrap_err();
        let Error::Content { path, .. } = error else { panic!("{error}") };
        assert_eq!(path.to_string(), "/0");
    }
}
