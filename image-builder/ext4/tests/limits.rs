//! What does not fit, and what just does.

use std::os::unix::ffi::OsStrExt;
use std::sync::Arc;

use ext4::{Error, Plan, Size};
use tree::{Content, Kind, Meta, Node, Timestamp, Tree};

use crate::image::{Image, MIB, has_tools, options, path, sealed, without_lost_and_found};

fn refused(name: &str, meta: Meta, kind: Kind) -> String {
    let mut tree = Tree::new();
    let directory = Node { meta: Meta::default(), kind: Kind::Directory };
    tree.insert(path("some"), directory).unwrap();
    tree.insert(path(name), Node { meta, kind }).unwrap();
    Plan::new(&tree, &sealed()).unwrap_err().to_string()
}

fn xattr(name: &str, value: &[u8]) -> Meta {
    let mut meta = Meta::default();
    meta.xattrs.insert(name.as_bytes().into(), value.into());
    meta
}

#[test]
fn what_the_format_cannot_hold_is_refused_by_path() {
    let time = |seconds, nanoseconds| Meta {
        mtime: Timestamp { seconds, nanoseconds },
        ..Meta::default()
    };
    for (meta, kind, reason) in [
        (time(1 << 34, 0), Kind::Fifo, "its time is not between 1901 and 2446"),
        (time(-(1 << 31) - 1, 0), Kind::Fifo, "its time is not between 1901 and 2446"),
        (time(0, 1_000_000_000), Kind::Fifo, "its time is not between 1901 and 2446"),
        (xattr("user.x", &[0; 4060]), Kind::Fifo, "its extended attributes are too large"),
        (xattr("other.x", b""), Kind::Fifo, "an extended attribute has a strange name"),
        (xattr("user.", b""), Kind::Fifo, "an extended attribute has a strange name"),
        (xattr("system.data", b""), Kind::Fifo, "an extended attribute has a strange name"),
        (
            xattr("system.posix_acl_access", b"x"),
            Kind::Fifo,
            "its access control list is malformed",
        ),
        (Meta::default(), Kind::Symlink([].into()), "the link has no target"),
        (
            Meta::default(),
            Kind::Symlink([b'x'; 4096].into()),
            "the link's target is over 4095 bytes",
        ),
        (
            Meta::default(),
            Kind::CharDevice { major: 4096, minor: 0 },
            "its device number is too large",
        ),
        (
            Meta::default(),
            Kind::BlockDevice { major: 0, minor: 1 << 20 },
            "its device number is too large",
        ),
    ] {
        let said = refused("some/path", meta, kind);
        assert_eq!(said, format!("/some/path cannot be stored in ext4: {reason}"));
    }
    let said = refused("lost+found", Meta::default(), Kind::Fifo);
    assert_eq!(said, "/lost+found cannot be stored in ext4: it must be a directory");
}

#[test]
fn a_tree_that_does_not_fit_is_refused_with_numbers() {
    let mut tree = Tree::new();
    let kind = Kind::File(vec![1; 30 << 20].into());
    tree.insert(path("file"), Node { meta: Meta::default(), kind }).unwrap();
    let error = Plan::new(&tree, &options(Size::Exact(16 * MIB))).unwrap_err();
    let Error::NoSpace { needed, given } = error else { panic!("{error}") };
    assert_eq!(given, 16 * MIB);
    assert_eq!(
        error.to_string(),
        format!("the tree needs {} MiB, 16 MiB given", needed.div_ceil(MIB))
    );
    Plan::new(&tree, &options(Size::Exact(needed))).unwrap();
    assert!(Plan::new(&tree, &options(Size::Exact(needed - 4096))).is_err());
    assert!(Plan::new(&tree, &options(Size::Exact(0))).is_err());
    assert!(Plan::new(&tree, &options(Size::Exact(u64::MAX))).is_err());
}

#[test]
fn the_free_space_asked_for_is_what_df_shows() {
    if !has_tools() {
        return;
    }
    for free_bytes in [10 * MIB, 300 * MIB, 5 << 30] {
        let image = Image::of(&Tree::new(), &options(Size::Smallest { free_bytes }));
        image.check();
        let Some(available) = image.mounted(|root| {
            let output = std::process::Command::new("df")
                .args(["-B1", "--output=avail"])
                .arg(root)
                .output()
                .unwrap();
            let shown = String::from_utf8(output.stdout).unwrap();
            shown.lines().last().unwrap().trim().parse::<u64>().unwrap()
        }) else {
            return;
        };
        let slack = 40 * 4096;
        assert!((free_bytes..free_bytes + slack).contains(&available), "{free_bytes} {available}");
    }
}

#[test]
fn a_directory_may_have_very_many_directories() {
    if !has_tools() {
        return;
    }
    let mut tree = Tree::new();
    for number in 0..65_100 {
        let node = Node { meta: Meta { mode: 0o755, ..Meta::default() }, kind: Kind::Directory };
        tree.insert(path(format!("wide/{number}")), node).unwrap();
    }
    let image = Image::of(&tree, &sealed());
    image.check();
    assert!(image.debug("stat wide").contains("Links: 1 "));
    let found = without_lost_and_found(ext4::read(&image.path, 0).unwrap());
    test_support::assert_same(&tree, &found);
}

#[test]
fn an_index_may_have_two_levels() {
    if !has_tools() {
        return;
    }
    let mut tree = Tree::new();
    let first = path(format!("index/{:0200}", 0));
    for number in 0..9000 {
        let kind = if number == 0 { Kind::Fifo } else { Kind::HardLink(first.clone()) };
        let node = Node { meta: Meta::default(), kind };
        tree.insert(path(format!("index/{number:0200}")), node).unwrap();
    }
    let image = Image::of(&tree, &options(Size::Smallest { free_bytes: 30 * MIB }));
    image.check();
    assert!(image.debug("htree index").contains("Indirect levels: 1"));
    let found = image.mounted(|root| {
        for number in 0..2000 {
            std::fs::write(root.join(format!("index/new-{number:0200}")), b"").unwrap();
            let old = root.join(format!("index/{number:0200}"));
            std::fs::symlink_metadata(&old).unwrap();
            std::fs::remove_file(old).unwrap();
        }
    });
    if found.is_some() {
        image.check();
    }
}

#[test]
fn names_of_any_bytes_are_indexed() {
    if !has_tools() {
        return;
    }
    let mut tree = Tree::new();
    for number in 0..1000_u32 {
        let bytes = test_support::noise(number, 1 + number as usize % 250);
        let name: Vec<u8> = bytes.into_iter().map(|byte| byte | 0x80).collect();
        let node = Node { meta: Meta::default(), kind: Kind::Fifo };
        tree.insert(path([b"index/", name.as_slice()].concat()), node).unwrap();
    }
    let image = Image::of(&tree, &sealed());
    image.check();
    image.mounted(|root| {
        for (path, _) in tree.below(&path("index")) {
            // Looking for a name goes through the index.
            let host = root.join(std::ffi::OsStr::from_bytes(path.as_bytes()));
            std::fs::symlink_metadata(host).unwrap();
        }
    });
}

#[test]
fn a_lost_and_found_of_the_tree_is_used() {
    if !has_tools() {
        return;
    }
    let mut tree = Tree::new();
    let meta = Meta { mode: 0o1750, uid: 7, mtime: Timestamp::from_seconds(5), ..Meta::default() };
    tree.insert(path("lost+found"), Node { meta, kind: Kind::Directory }).unwrap();
    tree.insert(path("lost+found/#5"), Node { meta: Meta::default(), kind: Kind::Fifo }).unwrap();
    let image = Image::of(&tree, &sealed());
    image.check();
    test_support::assert_same(&tree, &ext4::read(&image.path, 0).unwrap());
    assert!(
        image.debug("stat lost+found").starts_with("Inode: 11 ")
            || image.debug("stat lost+found").contains("Inode: 11 ")
    );
}

/// More bytes than any disk of today, and all of them holes.
#[derive(Debug)]
struct Hole(u64);

impl tree::Source for Hole {
    fn length(&self) -> u64 {
        self.0
    }

    fn read_at(&self, _offset: u64, buffer: &mut [u8]) -> std::io::Result<()> {
        buffer.fill(0);
        Ok(())
    }

    fn data_ranges(&self) -> std::io::Result<Vec<std::ops::Range<u64>>> {
        Ok(Vec::new())
    }
}

#[test]
fn files_end_at_16_tib() {
    if !has_tools() {
        return;
    }
    let largest = u64::from(u32::MAX) * 4096;
    let hole = |length| Kind::File(Content::Made(Arc::new(Hole(length))));
    assert!(refused("file", Meta::default(), hole(largest + 1)).ends_with("over 16 TiB"));
    let mut tree = Tree::new();
    tree.insert(path("file"), Node { meta: Meta::default(), kind: hole(largest) }).unwrap();
    Image::of(&tree, &sealed()).check();
}
