//! What is written here is read here, and is the same bytes every time.

use std::num::NonZeroUsize;

use squashfs::{Error, Options, Refusal};
use test_support::{HUGE, assert_same_with_huge, demanding};
use tree::Tree;

use crate::made::{REFUSED, ROUNDED, holdable, options, path, small, written, written_at};

#[test]
fn the_demanding_tree_is_read_as_it_was_written() {
    let directory = tempfile::tempdir().unwrap();
    let tree = holdable(directory.path());
    let image = written_at(&tree, &options(), directory.path(), 512);
    let mut read = squashfs::read(&image, 512).unwrap();
    let huge = read.content_mut(&path(HUGE)).unwrap();
    let found = huge.data_ranges().unwrap();
    assert!(found.iter().map(|range| range.end - range.start).sum::<u64>() < 1 << 20);
    assert_same_with_huge(tree, read);
}

#[test]
fn the_bytes_do_not_depend_on_the_number_of_threads() {
    let directory = tempfile::tempdir().unwrap();
    let tree = small(directory.path());
    let bytes = |threads| {
        let options = Options { threads: NonZeroUsize::new(threads), ..options() };
        std::fs::read(written(&tree, &options, directory.path())).unwrap()
    };
    let one = bytes(1);
    assert!([2, 5].into_iter().all(|threads| bytes(threads) == one));
}

#[test]
fn what_was_read_is_written_as_the_same_bytes() {
    let directory = tempfile::tempdir().unwrap();
    let image = written(&small(directory.path()), &options(), directory.path());
    let first = std::fs::read(&image).unwrap();
    let kept = directory.path().join("kept");
    std::fs::rename(&image, &kept).unwrap();
    let mut read = squashfs::read(&kept, 0).unwrap();
    assert!(read.content_mut(&path("sizes/text")).unwrap().is_stored_below(directory.path()));
    let again = std::fs::read(written(&read, &options(), directory.path())).unwrap();
    assert!(first == again);
}

#[test]
fn every_part_that_the_format_cannot_hold_is_refused_by_its_path() {
    let directory = tempfile::tempdir().unwrap();
    let whole = demanding(directory.path());
    for name in REFUSED {
        let mut tree = Tree::new();
        let parent = path(name).parent().unwrap();
        tree.insert(parent.clone(), whole.get(&parent).unwrap().clone()).unwrap();
        tree.insert(path(name), whole.get(&path(name)).unwrap().clone()).unwrap();
        let file = fs_err::File::create(directory.path().join("image")).unwrap();
        let region = volume::Region::new(&file, 0);
        let error = squashfs::write(&tree, &options(), &region).unwrap_err();
        let Error::Refused { path: refused, source } = error else { panic!("{error}") };
        assert_eq!(refused, path(name));
        assert_eq!(matches!(source, Refusal::Time(_)), name.starts_with("times/"));
        assert_eq!(matches!(source, Refusal::XattrName(_)), name.starts_with("xattrs/"));
        assert_eq!(file.metadata().unwrap().len(), 0);
    }
}

#[test]
fn fractions_of_a_second_are_rounded_down() {
    let directory = tempfile::tempdir().unwrap();
    let mut tree = small(directory.path());
    tree.meta_mut(&path(ROUNDED)).unwrap().mtime.nanoseconds = 999_999_999;
    let image = written(&tree, &options(), directory.path());
    let read = squashfs::read(&image, 0).unwrap();
    let mtime = read.get(&path(ROUNDED)).unwrap().meta.mtime;
    assert_eq!((mtime.seconds, mtime.nanoseconds), (1_000_000_000, 0));
}
