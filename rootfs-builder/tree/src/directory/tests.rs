#![allow(clippy::unwrap_used, clippy::panic)]

mod attacks;
mod changes;

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use tempfile::TempDir;

use super::*;
use crate::arbitrary::{Limits, trees};
use crate::{Content, Error, GuestPath, Kind, Meta, Node, Timestamp, Tree, compare};

/// What any user may do.
const OPTIONS: Options = Options { owners: Owners::Skip, devices: Devices::Skip };

/// A directory to write to, with a neighbour that nothing may touch.
struct Host {
    directory: TempDir,
}

impl Host {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        fs_err::create_dir(directory.path().join("root")).unwrap();
        fs_err::create_dir(directory.path().join("outside")).unwrap();
        fs_err::write(directory.path().join("outside/file"), "untouched").unwrap();
        Self { directory }
    }

    fn root(&self) -> PathBuf {
        self.directory.path().join("root")
    }

    fn outside(&self) -> PathBuf {
        self.directory.path().join("outside")
    }

    fn write(&self, tree: &Tree) -> Written {
        write(tree, &self.root(), OPTIONS).unwrap()
    }

    fn read(&self, previous: Option<(&Tree, &Written)>) -> Tree {
        read(&self.root(), previous, &|_| None).unwrap()
    }

    fn assert_outside_untouched(&self) {
        let names = fs_err::read_dir(self.outside()).unwrap();
        assert_eq!(names.map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>(), ["file"]);
        assert_eq!(fs_err::read_to_string(self.outside().join("file")).unwrap(), "untouched");
    }
}

fn path(text: &str) -> GuestPath {
    GuestPath::new(text).unwrap()
}

fn file(text: &str) -> Kind {
    Kind::File(Content::from(text.as_bytes().to_vec()))
}

fn own() -> (u32, u32) {
    (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw())
}

fn node(mode: u16, kind: Kind) -> Node {
    let (uid, gid) = own();
    let mtime = Timestamp { seconds: 1_500_000_000, nanoseconds: 123_456_789 };
    Node { meta: Meta { mode, uid, gid, mtime, ..Meta::default() }, kind }
}

fn tree_of(nodes: impl IntoIterator<Item = (&'static str, Kind)>) -> Tree {
    let mut tree = Tree::new();
    tree.insert(GuestPath::root(), node(0o755, Kind::Directory)).unwrap();
    for (at, kind) in nodes {
        let mode = if matches!(kind, Kind::Symlink(_)) { 0o777 } else { 0o755 };
        tree.insert(path(at), node(mode, kind)).unwrap();
    }
    let (uid, gid) = own();
    tree.metas_mut().for_each(|(_, meta)| (meta.uid, meta.gid) = (uid, gid));
    tree
}

/// What file systems and users without rights can hold. Set-id bits of a foreign group are not
/// for everyone to set, but the own group's are.
fn limits() -> Limits {
    let seconds = (-1_000_000_000, 4_000_000_000);
    Limits { owners: vec![own()], mode_bits: 0o700, seconds, is_meta_free: false }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn what_is_written_is_read_again(mut tree in trees(limits())) {
        let host = Host::new();
        let (uid, gid) = own();
        tree.metas_mut().for_each(|(_, meta)| (meta.uid, meta.gid) = (uid, gid));
        let written = host.write(&tree);
        prop_assert_eq!(&host.read(Some((&tree, &written))), &tree);
        // Devices take rights; without them the rest must still be the same.
        let devices: Vec<_> = written.skipped.iter().cloned().collect();
        devices.iter().rev().for_each(|path| { tree.remove(path); });
        prop_assert_eq!(compare(&tree, &host.read(None)).unwrap(), []);
        remove_all(&host.root()).unwrap();
        prop_assert!(!host.root().exists());
    }

    #[test]
    fn a_tree_written_in_waves_is_the_tree(
        mut tree in trees(limits()),
        wave in proptest::collection::vec(any::<bool>(), 64),
    ) {
        let host = Host::new();
        let (uid, gid) = own();
        tree.metas_mut().for_each(|(_, meta)| (meta.uid, meta.gid) = (uid, gid));
        // The names of one file stay together, as those of one package do.
        let paths = tree.iter().map(|(path, _)| path.clone());
        let is_first = |path: &GuestPath| {
            let name = tree.first_name(path).map_or(0, |first| first.as_bytes().len());
            wave[name % 64]
        };
        let (first, second): (Vec<_>, Vec<_>) = paths.partition(is_first);
        let mut written = write_paths(&tree, &first, &host.root(), OPTIONS).unwrap();
        written.merge(write_paths(&tree, &second, &host.root(), OPTIONS).unwrap());
        prop_assert_eq!(&host.read(Some((&tree, &written))), &tree);
    }
}

#[test]
fn a_missing_directory_is_an_error_that_names_it() {
    let error = write(&Tree::new(), Path::new("/nowhere/at-all"), OPTIONS).unwrap_err();
    assert!(error.to_string().contains("/nowhere/at-all"), "{error}");
    assert!(read(Path::new("/nowhere/at-all"), None, &|_| None).is_err());
    remove_all(Path::new("/nowhere/at-all")).unwrap();
}

#[test]
fn large_contents_are_copied_whole() {
    let host = Host::new();
    let source = host.directory.path().join("source");
    let bytes: Vec<u8> = (0..1_000_000u32).map(|number| (number % 251) as u8).collect();
    fs_err::write(&source, &bytes).unwrap();
    let span =
        |offset, length| Kind::File(Content::Span { file: source.clone().into(), offset, length });
    let tree = tree_of([("large", span(1, 900_000)), ("small", span(999_000, 1000))]);
    host.write(&tree);
    assert!(fs_err::read(host.root().join("large")).unwrap() == bytes[1..900_001]);
    assert!(fs_err::read(host.root().join("small")).unwrap() == bytes[999_000..]);
    for length in [999_001, 2000] {
        let tree = tree_of([("cut", span(1_000_001 - length, length))]);
        let error = write(&tree, &host.root(), OPTIONS).unwrap_err();
        assert!(matches!(error, Error::Directory { action: "fill", .. }), "{error}");
    }
}

#[test]
fn set_id_bits_and_attributes_arrive() {
    let host = Host::new();
    let mut tree = tree_of([("su", file("x")), ("dir", Kind::Directory)]);
    for at in ["su", "dir"] {
        let meta = tree.meta_mut(&path(at)).unwrap();
        meta.mode = 0o7711;
        meta.xattrs.insert((*b"user.note").into(), (*b"\0value").into());
    }
    write(&tree, &host.root(), Options { owners: Owners::Apply, devices: Devices::Make }).unwrap();
    assert_eq!(compare(&tree, &host.read(None)).unwrap(), []);
}

#[test]
fn set_id_bits_and_capabilities_outlive_a_change_of_owner_or_are_refused_by_name() {
    let host = Host::new();
    let mut tree = tree_of([("ping", file("x"))]);
    let meta = tree.meta_mut(&path("ping")).unwrap();
    (meta.mode, meta.uid, meta.gid) = (0o6755, 33, 44);
    // Revision 2, effective, cap_net_raw.
    let capability = [1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    meta.xattrs.insert((*b"security.capability").into(), capability.into());
    let options = Options { owners: Owners::Apply, devices: Devices::Make };
    match write(&tree, &host.root(), options) {
        Ok(_) => assert_eq!(compare(&tree, &host.read(None)).unwrap(), []),
        Err(error) => assert!(error.to_string().contains("/ping"), "{error}"),
    }
}

#[test]
fn devices_are_made_or_refused_by_name() {
    let host = Host::new();
    let tree = tree_of([("dev/null", Kind::CharDevice { major: 1, minor: 3 })]);
    let options = Options { owners: Owners::Skip, devices: Devices::Make };
    match write(&tree, &host.root(), options) {
        Ok(_) => assert_eq!(compare(&tree, &host.read(None)).unwrap(), []),
        Err(error) => assert!(error.to_string().contains("/dev/null"), "{error}"),
    }
}

#[test]
fn skipped_devices_come_back_unless_replaced() {
    let host = Host::new();
    let device = |minor| Kind::CharDevice { major: 1, minor };
    let tree = tree_of([
        ("dev/null", device(3)),
        ("dev/same", Kind::HardLink(path("dev/null"))),
        ("dev/zero", device(5)),
        ("gone/full", device(7)),
    ]);
    let written = host.write(&tree);
    assert!(!host.root().join("dev/null").exists());
    assert_eq!(host.read(Some((&tree, &written))), tree);
    fs_err::write(host.root().join("dev/zero"), "a file").unwrap();
    fs_err::remove_dir(host.root().join("gone")).unwrap();
    let read = host.read(Some((&tree, &written)));
    assert_eq!(read.get(&path("dev/null")), tree.get(&path("dev/null")));
    assert!(matches!(read.get(&path("dev/zero")).unwrap().kind, Kind::File(_)));
    assert_eq!(read.get(&path("gone/full")), None);
}

#[test]
fn a_spread_parent_takes_directories_and_a_plain_one_does_no_harm() {
    let host = Host::new();
    spread(&host.root()).unwrap();
    spread(&host.root()).unwrap();
    assert!(spread(Path::new("/nowhere/at-all")).is_err());
    spread(Path::new("/proc/self/fdinfo")).unwrap();
    fs_err::create_dir(host.root().join("one")).unwrap();
}
