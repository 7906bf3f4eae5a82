#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod processes;
mod pruning;

use std::fs;
use std::io::Read;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use tempfile::TempDir;

use super::*;

fn store() -> (TempDir, Store) {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::open(directory.path().join("store")).unwrap();
    (directory, store)
}

fn id_of(bytes: &[u8]) -> BlobId {
    BlobId { size: bytes.len() as u64, sha256: Digest::of(bytes) }
}

fn insert(store: &Store, bytes: &[u8]) -> PathBuf {
    store.insert(Shelf::Blobs, id_of(bytes), &mut &*bytes).unwrap()
}

/// Every file below `root` that is no lock and no tag.
fn files(root: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(root).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else if !["lock", "gate", "CACHEDIR.TAG"].iter().any(|name| path.ends_with(name)) {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn make_pair(directory: &Path) -> Result<(), StoreError> {
    fs::write(directory.join("control.tar"), b"control").unwrap();
    fs::write(directory.join("data.tar"), b"data").unwrap();
    Ok(())
}

#[test]
fn what_was_inserted_is_found_by_digest_and_size() {
    let (_directory, store) = store();
    assert_eq!(store.get(Shelf::Blobs, id_of(b"hello")).unwrap(), None);
    let path = insert(&store, b"hello");
    assert_eq!(fs::read(&path).unwrap(), b"hello");
    assert_eq!(store.get(Shelf::Blobs, id_of(b"hello")).unwrap(), Some(path));
    assert_eq!(store.get(Shelf::Indexes, id_of(b"hello")).unwrap(), None);
}

#[test]
fn wrong_bytes_are_refused_and_leave_nothing() {
    let (_directory, store) = store();
    let lie = BlobId { size: 5, sha256: Digest::of("other") };
    let error = store.insert(Shelf::Blobs, lie, &mut &b"hello"[..]).unwrap_err();
    assert!(matches!(error, StoreError::Digest { .. }), "{error:?}");
    assert_eq!(files(store.path()), Vec::<PathBuf>::new());
}

#[test]
fn endless_reader_is_cut_off_at_the_announced_size() {
    let (_directory, store) = store();
    let mut endless = std::io::repeat(0).take(1 << 40);
    let id = BlobId { size: 10, sha256: Digest::of([0; 10]) };
    let error = store.insert(Shelf::Blobs, id, &mut endless).unwrap_err();
    assert!(matches!(error, StoreError::Size { expected: 10, .. }), "{error:?}");
    assert!(endless.limit() > (1 << 40) - (1 << 20));
}

#[test]
fn blob_torn_by_a_crash_counts_as_absent_and_is_replaced() {
    let (_directory, store) = store();
    let path = insert(&store, b"hello");
    fs::write(&path, b"hel").unwrap();
    assert_eq!(store.get(Shelf::Blobs, id_of(b"hello")).unwrap(), None);
    assert_eq!(insert(&store, b"hello"), path);
    assert_eq!(fs::read(path).unwrap(), b"hello");
}

#[test]
fn many_threads_make_a_derived_directory_once() {
    let (_directory, store) = store();
    let made = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                let path = store.derived(Shelf::Opened, Digest::of("x"), |directory| {
                    made.fetch_add(1, Ordering::SeqCst);
                    make_pair(directory)
                });
                assert_eq!(fs::read(path.unwrap().join("data.tar")).unwrap(), b"data");
            });
        }
    });
    assert_eq!(made.into_inner(), 1);
    assert_eq!(fs::read_dir(store.path().join("locks")).unwrap().count(), 0);
}

#[test]
fn derived_directory_torn_by_a_crash_is_made_again() {
    let (_directory, store) = store();
    let derive = || store.derived(Shelf::Opened, Digest::of("x"), make_pair).unwrap();
    let path = derive();
    for torn in ["data.tar", "stamp"] {
        fs::write(path.join(torn), b"").unwrap();
        assert_eq!(derive(), path);
        assert_eq!(fs::read(path.join("data.tar")).unwrap(), b"data");
    }
}

#[test]
fn failure_to_derive_is_passed_on_and_leaves_nothing() {
    let (_directory, store) = store();
    let error = store.derived(Shelf::Opened, Digest::of("x"), |directory| {
        make_pair(directory)?;
        Err::<(), _>(StoreError::Cancelled)
    });
    assert!(matches!(error, Err(StoreError::Cancelled)));
    assert_eq!(files(store.path()), Vec::<PathBuf>::new());
}

#[test]
fn record_is_read_back_and_a_torn_one_counts_as_absent() {
    let (_directory, store) = store();
    let key = Digest::of("key");
    assert_eq!(store.read_record(Shelf::Plans, key).unwrap(), None);
    for value in [&b"first"[..], b"", b"second"] {
        store.write_record(Shelf::Plans, key, value).unwrap();
        assert_eq!(store.read_record(Shelf::Plans, key).unwrap().as_deref(), Some(value));
    }
    let path = files(store.path()).pop().unwrap();
    let whole = fs::read(&path).unwrap();
    for length in 0..whole.len() {
        fs::write(&path, &whole[..length]).unwrap();
        assert_eq!(store.read_record(Shelf::Plans, key).unwrap(), None, "{length} bytes");
    }
}

#[test]
fn store_that_cannot_be_made_is_an_error_that_names_it() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, b"").unwrap();
    let error = Store::open(file.join("store")).unwrap_err();
    assert!(matches!(error, StoreError::Open { .. }), "{error:?}");
    assert!(error.to_string().contains("file/store"), "{error}");
}
