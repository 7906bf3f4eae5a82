//! Pruning, alone and beside running builds.

use std::time::{Duration, SystemTime};

use super::*;

/// Makes an entry look as if it was last used so many hours ago.
fn age(path: &Path, hours: u64) {
    let time = SystemTime::now() - Duration::from_secs(hours * 3600);
    let path = if path.is_dir() { path.join("stamp") } else { path.to_path_buf() };
    fs::File::options().write(true).open(path).unwrap().set_modified(time).unwrap();
}

#[test]
fn info_counts_each_shelf() {
    let (_directory, store) = store();
    insert(&store, b"hello");
    insert(&store, b"world!");
    store.derived(Shelf::Opened, Digest::of("x"), make_pair).unwrap();
    let info = store.info().unwrap();
    let shelf = |wanted| *info.shelves.iter().find(|info| info.shelf == wanted).unwrap();
    assert_eq!((shelf(Shelf::Blobs).entries, shelf(Shelf::Blobs).bytes), (2, 11));
    assert_eq!(shelf(Shelf::Opened).entries, 1);
    assert!(shelf(Shelf::Opened).bytes > 11);
    assert_eq!(shelf(Shelf::Plans).entries, 0);
}

#[test]
fn pruning_everything_leaves_an_empty_store_that_works() {
    let (_directory, store) = store();
    insert(&store, b"hello");
    store.derived(Shelf::Opened, Digest::of("x"), make_pair).unwrap();
    let pruned = store.prune(Keep::Nothing).unwrap();
    assert_eq!((pruned.entries, pruned.spared), (2, 0));
    assert_eq!(files(store.path()), Vec::<PathBuf>::new());
    insert(&store, b"hello");
}

#[test]
fn pruning_by_age_keeps_what_was_used_since() {
    let (_directory, store) = store();
    let old = insert(&store, b"old");
    let read_again = insert(&store, b"read again");
    let opened = store.derived(Shelf::Opened, Digest::of("x"), make_pair).unwrap();
    for path in [&old, &read_again, &opened] {
        age(path, 50);
    }
    store.get(Shelf::Blobs, id_of(b"read again")).unwrap();
    store.derived(Shelf::Opened, Digest::of("x"), make_pair).unwrap();
    let a_day_ago = SystemTime::now() - Duration::from_secs(24 * 3600);
    let pruned = store.prune(Keep::UsedSince(a_day_ago)).unwrap();
    assert_eq!((pruned.entries, pruned.bytes), (1, 3));
    assert!(!old.exists() && read_again.exists() && opened.exists());
}

#[test]
fn pruning_to_a_size_removes_what_was_unused_longest() {
    let (_directory, store) = store();
    let paths = [b"a0", b"b1", b"c2"].map(|bytes| insert(&store, bytes));
    for (path, hours) in paths.iter().zip([10, 30, 20]) {
        age(path, hours);
    }
    store.prune(Keep::Bytes(4)).unwrap();
    assert_eq!(paths.map(|path| path.exists()), [true, false, true]);
}

#[test]
fn pruning_spares_what_a_running_build_has_used() {
    let (_directory, pruner) = store();
    let unused = insert(&pruner, b"unused");
    let used = insert(&pruner, b"used");
    for path in [&unused, &used] {
        age(path, 50);
    }
    let build = Store::open(pruner.path()).unwrap();
    build.get(Shelf::Blobs, id_of(b"used")).unwrap().unwrap();
    let pruned = pruner.prune(Keep::Nothing).unwrap();
    assert_eq!((pruned.entries, pruned.spared), (1, 1));
    assert!(used.exists() && !unused.exists());
    drop(build);
    pruner.prune(Keep::Nothing).unwrap();
    assert!(!used.exists());
}
