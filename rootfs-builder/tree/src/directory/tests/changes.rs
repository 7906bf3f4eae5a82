//! What happens in a written directory is seen when it is read back, and only that.

use std::os::unix::fs::{PermissionsExt, symlink};

use super::*;

/// A tree whose contents are spans, so that restored nodes can be told from read ones.
fn spans(host: &Host, names: &[&'static str]) -> Tree {
    let source = host.directory.path().join("source");
    fs_err::write(&source, "0123456789").unwrap();
    let span = |offset| Content::Span { file: source.clone().into(), offset, length: 3 };
    tree_of(names.iter().zip(0..).map(|(name, offset)| (*name, Kind::File(span(offset)))))
}

fn restored(tree: &Tree, previous: &Tree) -> Vec<String> {
    let same = tree.iter().filter(|(path, node)| {
        matches!(node.kind, Kind::File(_)) && previous.get(path) == Some(node)
    });
    same.map(|(path, _)| path.to_string()).collect()
}

#[test]
fn unchanged_files_get_their_old_nodes() {
    let host = Host::new();
    let tree = spans(&host, &["a", "b/c", "d"]);
    let written = host.write(&tree);
    assert_eq!(host.read(Some((&tree, &written))), tree);
    let unaided = host.read(None);
    assert_eq!(compare(&tree, &unaided).unwrap(), []);
    assert_eq!(restored(&unaided, &tree), [""; 0]);
}

#[test]
fn every_change_is_seen() {
    let names = ["chmod", "rename", "replace", "touch", "truncate", "write", "xattr", "zero"];
    let host = Host::new();
    let tree = spans(&host, &names);
    let written = host.write(&tree);
    let at = |name: &str| host.root().join(name);
    fs_err::set_permissions(at("chmod"), PermissionsExt::from_mode(0o600)).unwrap();
    fs_err::rename(at("rename"), at("renamed")).unwrap();
    fs_err::write(at("new"), "123").unwrap();
    fs_err::rename(at("new"), at("replace")).unwrap();
    let times = std::fs::FileTimes::new().set_modified(std::time::UNIX_EPOCH);
    fs_err::File::open(at("touch")).unwrap().file().set_times(times).unwrap();
    fs_err::File::options().write(true).open(at("truncate")).unwrap().set_len(1).unwrap();
    fs_err::write(at("write"), "new").unwrap();
    let flags = rustix::fs::XattrFlags::empty();
    rustix::fs::setxattr(at("xattr"), "user.new", b"1", flags).unwrap();
    let read = host.read(Some((&tree, &written)));
    assert_eq!(restored(&read, &tree), ["/zero"]);
    let expected = [
        "/: ModifiedTime",
        "/chmod: Mode",
        "/rename: OnlyInFirst",
        "/renamed: OnlyInSecond",
        "/replace: Mode",
        "/replace: Content",
        "/replace: ModifiedTime",
        "/touch: ModifiedTime",
        "/truncate: Size",
        "/truncate: ModifiedTime",
        "/write: Content",
        "/write: ModifiedTime",
        "/xattr: Xattrs",
    ];
    let found = compare(&tree, &read).unwrap();
    let found: Vec<_> =
        found.iter().map(|found| format!("{}: {:?}", found.path, found.aspect)).collect();
    assert_eq!(found, expected);
}

#[test]
fn a_change_right_after_writing_is_seen_though_size_and_time_are_the_same() {
    let host = Host::new();
    let tree = tree_of([("a", file("old"))]);
    for round in 0..20 {
        let written = host.write(&tree);
        let at = host.root().join("a");
        let modified = fs_err::metadata(&at).unwrap().modified().unwrap();
        let file = fs_err::File::options().write(true).open(&at).unwrap();
        std::os::unix::fs::FileExt::write_all_at(file.file(), b"new", 0).unwrap();
        file.file().set_times(std::fs::FileTimes::new().set_modified(modified)).unwrap();
        let read = host.read(Some((&tree, &written)));
        let Kind::File(content) = &read.get(&path("a")).unwrap().kind else { panic!("no file") };
        assert_eq!(content.read(3).unwrap(), b"new", "round {round}");
    }
}

#[test]
fn a_fingerprint_moves_with_every_change_and_with_nothing_else() {
    let host = Host::new();
    let tree =
        tree_of([("a", file("a")), ("d/b", file("b")), ("d/c", Kind::HardLink(path("d/b")))]);
    host.write(&tree);
    let mut seen = vec![fingerprint(&host.root()).unwrap()];
    host.read(None);
    assert_eq!(fingerprint(&host.root()).unwrap(), seen[0]);
    let at = |name: &str| host.root().join(name);
    let changes: [&dyn Fn(); 5] = [
        &|| fs_err::write(at("a"), "b").unwrap(),
        &|| fs_err::set_permissions(at("d"), PermissionsExt::from_mode(0o700)).unwrap(),
        &|| fs_err::rename(at("d/b"), at("d/x")).unwrap(),
        &|| fs_err::create_dir(at("new")).unwrap(),
        &|| fs_err::remove_file(at("d/c")).unwrap(),
    ];
    for change in changes {
        change();
        let now = fingerprint(&host.root()).unwrap();
        assert!(!seen.contains(&now));
        let read = read_with_fingerprint(&host.root()).unwrap();
        assert_eq!(read, (host.read(None), now));
        seen.push(now);
    }
}

#[test]
fn names_added_and_removed_regroup_hard_links() {
    let host = Host::new();
    let link = |target| Kind::HardLink(path(target));
    let tree = tree_of([
        ("a", file("one")),
        ("b", link("a")),
        ("c", link("a")),
        ("x", file("two")),
        ("y", link("x")),
    ]);
    let written = host.write(&tree);
    assert_eq!(host.read(Some((&tree, &written))), tree);
    fs_err::remove_file(host.root().join("a")).unwrap();
    fs_err::hard_link(host.root().join("x"), host.root().join("0")).unwrap();
    let mut expected = tree.clone();
    expected.remove(&path("a"));
    expected.insert(path("0"), node(0, link("x"))).unwrap();
    let read = host.read(Some((&tree, &written)));
    expected.meta_mut(&path("")).unwrap().mtime = read.get(&path("")).unwrap().meta.mtime;
    assert_eq!(compare(&expected, &read).unwrap(), []);
}

#[test]
fn a_later_wave_keeps_what_scripts_changed_and_restores_times() {
    let host = Host::new();
    let tree = tree_of([("d/a", file("a")), ("d/b", file("b")), ("e/f/g", file("g"))]);
    let first = ["", "d", "d/a", "e"].map(path);
    let mut written = write_paths(&tree, &first, &host.root(), OPTIONS).unwrap();
    fs_err::write(host.root().join("d/a"), "script").unwrap();
    fs_err::set_permissions(host.root().join("d"), PermissionsExt::from_mode(0o700)).unwrap();
    let second = ["d/b", "e/f/g"].map(path);
    written.merge(write_paths(&tree, &second, &host.root(), OPTIONS).unwrap());
    let read = host.read(Some((&tree, &written)));
    let found = compare(&tree, &read).unwrap();
    let found: Vec<_> =
        found.iter().map(|found| format!("{}: {:?}", found.path, found.aspect)).collect();
    assert_eq!(found, ["/d: Mode", "/d/a: Size", "/d/a: ModifiedTime"]);
}

#[test]
fn a_later_link_does_not_hide_what_a_script_changed() {
    let host = Host::new();
    let tree = tree_of([("a", file("old")), ("b", Kind::HardLink(path("a")))]);
    let mut written = write_paths(&tree, &["", "a"].map(path), &host.root(), OPTIONS).unwrap();
    fs_err::write(host.root().join("a"), "new").unwrap();
    written.merge(write_paths(&tree, [&path("b")], &host.root(), OPTIONS).unwrap());
    let read = host.read(Some((&tree, &written)));
    let Kind::File(content) = &read.get(&path("a")).unwrap().kind else { panic!("no file") };
    assert_eq!(content.read(3).unwrap(), b"new");
    assert_eq!(read.first_name(&path("b")), Some(&path("a")));
}

#[test]
fn owners_that_were_not_applied_are_remembered() {
    let host = Host::new();
    let mut tree =
        tree_of([("a", file("a")), ("b", file("b")), ("c", file("c")), ("d/e", file("e"))]);
    for (_, meta) in tree.metas_mut() {
        (meta.uid, meta.gid) = (33, 44);
    }
    let written = host.write(&tree);
    fs_err::write(host.root().join("b"), "changed").unwrap();
    fs_err::remove_file(host.root().join("c")).unwrap();
    fs_err::write(host.root().join("c"), "new").unwrap();
    fs_err::write(host.root().join("new"), "new").unwrap();
    let inode =
        std::os::unix::fs::MetadataExt::ino(&fs_err::metadata(host.root().join("new")).unwrap());
    let owners = |status: &Status| (status.inode == inode).then_some((7, 8));
    let read = read(&host.root(), Some((&tree, &written)), &owners).unwrap();
    let owner = |at: &str| {
        let meta = &read.get(&path(at)).unwrap().meta;
        (meta.uid, meta.gid)
    };
    for at in ["", "a", "b", "d", "d/e"] {
        assert_eq!(owner(at), (33, 44), "{at}");
    }
    assert_eq!(owner("new"), (7, 8));
    // A new file is new even where it got the number of the old one.
    assert_eq!(owner("c"), own());
}

#[test]
fn what_scripts_made_is_read_whatever_it_is() {
    let host = Host::new();
    let tree = tree_of([("dir", Kind::Directory)]);
    let written = host.write(&tree);
    symlink("no/such/target", host.root().join("dir/link")).unwrap();
    std::os::unix::net::UnixListener::bind(host.root().join("dir/socket")).unwrap();
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mkfifoat(rustix::fs::CWD, host.root().join("dir/pipe"), mode).unwrap();
    let read = host.read(Some((&tree, &written)));
    let kind = |at: &str| &read.get(&path(at)).unwrap().kind;
    assert_eq!(kind("dir/link"), &Kind::Symlink((*b"no/such/target").into()));
    assert_eq!(kind("dir/socket"), &Kind::Socket);
    assert_eq!(kind("dir/pipe"), &Kind::Fifo);
}
