//! What is written is what the kernel reads.

use test_support::{assert_same, noise, read_directory};
use tree::{Content, Kind, Meta, Node, Tree};
use xfs::Size;

use crate::image::{Image, MIB, fitting, has_tools, options, path, smallest};

#[test]
fn the_demanding_tree_is_read_by_the_kernel_as_it_was() {
    if !has_tools() {
        return;
    }
    let holes = tempfile::tempdir().unwrap();
    let tree = fitting(holes.path());
    let image = Image::of(&tree, &smallest());
    image.check();
    assert_same(&tree, &xfs::read(&image.path, 0).unwrap());
    test_support::mounted(&image.path, "xfs", 0, |place| {
        let mut tree = tree.clone();
        let mut found = read_directory(place);
        // It takes long to read.
        for tree in [&mut tree, &mut found] {
            tree.remove(&path("holes/5-gib")).unwrap();
        }
        for (_, meta) in found.metas_mut() {
            // The kernel shows lists of rights to root in the form of the disk, too.
            meta.xattrs.retain(|name, _| !name.starts_with(b"trusted.SGI_ACL_"));
        }
        assert_same(&tree, &found);
    });
}

fn files(count: usize, size: usize) -> Tree {
    let mut tree = Tree::new();
    for number in 0..count {
        let content = Content::from(noise(number as u32, size));
        let node =
            Node { meta: Meta { mode: 0o644, ..Meta::default() }, kind: Kind::File(content) };
        tree.insert(path(format!("directory/file-{number:06}")), node).unwrap();
    }
    tree
}

#[test]
fn contents_go_from_group_to_group() {
    if !has_tools() {
        return;
    }
    let tree = files(3, 120 << 20);
    let image = Image::of(&tree, &smallest());
    image.check();
    test_support::mounted(&image.path, "xfs", 0, |place| {
        assert_same(&tree, &read_directory(place));
    });
}

#[test]
fn inodes_fill_more_than_a_group() {
    if !has_tools() {
        return;
    }
    // 150,000 inodes take as much as a group of the smallest filesystem has.
    let tree = files(160_000, 0);
    let image = Image::of(&tree, &smallest());
    image.check();
    test_support::mounted(&image.path, "xfs", 0, |place| {
        assert_eq!(std::fs::read_dir(place.join("directory")).unwrap().count(), 160_000);
    });
}

#[test]
fn the_kernel_may_write_to_it() {
    if !has_tools() {
        return;
    }
    let holes = tempfile::tempdir().unwrap();
    let image = Image::of(&fitting(holes.path()), &options(Size::Exact(400 * MIB)));
    let done = image.mounted(|place| {
        for number in 0..3000 {
            std::fs::write(place.join(format!("many/new-{number}")), noise(number, 5000)).unwrap();
        }
        std::fs::remove_file(place.join("holes/2000-holes")).unwrap();
        std::fs::remove_dir_all(place.join("xattrs")).unwrap();
        std::fs::rename(place.join("many"), place.join("moved")).unwrap();
    });
    if done.is_some() {
        image.check();
    }
}

#[test]
fn room_is_left_for_users() {
    if !has_tools() {
        return;
    }
    let tree = files(1, 300 << 20);
    let image = Image::of(&tree, &options(Size::Smallest { free_bytes: 100 * MIB }));
    image.mounted(|place| {
        std::fs::write(place.join("new"), vec![1; 100 << 20]).unwrap();
    });
}

#[test]
fn bytes_depend_on_nothing_else() {
    let (holes, again) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let first = Image::of(&fitting(holes.path()), &smallest());
    let threads = std::num::NonZeroUsize::MIN;
    let second = Image::of(&fitting(again.path()), &xfs::Options { threads, ..smallest() });
    let digest = |image: &Image| {
        let length = std::fs::metadata(&image.path).unwrap().len();
        Content::Span { file: image.path.as_path().into(), offset: 0, length }.sha256().unwrap()
    };
    assert_eq!(digest(&first), digest(&second));
}
