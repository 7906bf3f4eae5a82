//! Scripts prepared the directory so that writing, reading or removing it does harm elsewhere.

use std::os::unix::fs::{PermissionsExt, symlink};
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;

#[test]
fn a_parent_replaced_by_a_symlink_out_leads_nowhere() {
    for target in ["../outside", "../../../../../../..", "ABSOLUTE", "loop"] {
        let host = Host::new();
        let absolute = host.outside();
        let target = if target == "ABSOLUTE" { absolute.as_path() } else { Path::new(target) };
        symlink(target, host.root().join("etc")).unwrap();
        symlink("loop", host.root().join("loop")).unwrap();
        let tree = tree_of([("etc/file", file("attack"))]);
        let _ = write_paths(&tree, [&path("etc/file")], &host.root(), OPTIONS);
        host.assert_outside_untouched();
        host.write(&tree);
        host.assert_outside_untouched();
        assert_eq!(fs_err::read_to_string(host.root().join("etc/file")).unwrap(), "attack");
    }
}

#[test]
fn an_absolute_link_among_parents_starts_at_the_guests_root() {
    let host = Host::new();
    let tree = tree_of([("usr/lib/file", file("x")), ("etc/file", file("y"))]);
    let first = ["", "usr", "usr/lib"].map(path);
    write_paths(&tree, &first, &host.root(), OPTIONS).unwrap();
    symlink("/usr/lib", host.root().join("etc")).unwrap();
    write_paths(&tree, [&path("etc/file")], &host.root(), OPTIONS).unwrap();
    assert_eq!(fs_err::read_to_string(host.root().join("usr/lib/file")).unwrap(), "y");
}

#[test]
fn nothing_is_written_through_what_stands_in_the_place() {
    let host = Host::new();
    let at = |name: &str| host.root().join(name);
    symlink(host.outside().join("file"), at("symlink")).unwrap();
    symlink(host.outside().join("new"), at("dangling")).unwrap();
    fs_err::hard_link(host.outside().join("file"), at("hardlink")).unwrap();
    let mode = rustix::fs::Mode::from_raw_mode(0o600);
    rustix::fs::mkfifoat(rustix::fs::CWD, at("pipe"), mode).unwrap();
    symlink(host.outside(), at("directory")).unwrap();
    symlink(host.outside().join("file"), at("to-pipe")).unwrap();
    fs_err::hard_link(host.outside().join("file"), at("to-symlink")).unwrap();
    let names = ["symlink", "dangling", "hardlink", "pipe"];
    let mut tree = tree_of(names.map(|name| (name, file("attack"))));
    tree.insert(path("directory"), node(0o700, Kind::Directory)).unwrap();
    tree.insert(path("to-pipe"), node(0o600, Kind::Fifo)).unwrap();
    tree.insert(path("to-symlink"), node(0o777, Kind::Symlink((*b"x").into()))).unwrap();
    tree.insert(path("to-link"), node(0, Kind::HardLink(path("symlink")))).unwrap();
    host.write(&tree);
    host.assert_outside_untouched();
    assert_eq!(compare(&tree, &host.read(None)).unwrap(), []);
    assert_eq!(fs_err::metadata(host.outside()).unwrap().permissions().mode() & 0o777, 0o755);
}

#[test]
fn a_hard_link_to_a_symlink_out_names_the_symlink() {
    let host = Host::new();
    let tree = tree_of([("a", file("x")), ("b", Kind::HardLink(path("a")))]);
    symlink(host.outside().join("file"), host.root().join("a")).unwrap();
    write_paths(&tree, [&path("b")], &host.root(), OPTIONS).unwrap();
    assert!(fs_err::symlink_metadata(host.root().join("b")).unwrap().is_symlink());
    host.assert_outside_untouched();
}

#[test]
fn a_directory_with_entries_in_the_way_is_an_error_that_names_it() {
    let host = Host::new();
    fs_err::create_dir_all(host.root().join("a/b")).unwrap();
    fs_err::create_dir_all(host.root().join("c")).unwrap();
    let error = write(&tree_of([("a", file("x"))]), &host.root(), OPTIONS).unwrap_err();
    assert!(matches!(error, Error::DirectoryInTheWay { .. }), "{error}");
    host.write(&tree_of([("c", file("x"))]));
}

#[test]
fn parents_that_turn_into_symlinks_meanwhile_lead_nowhere() {
    let host = Host::new();
    let names: Vec<&'static str> =
        (0..100).map(|number| &*Box::leak(format!("d/{number}/file").into_boxed_str())).collect();
    let tree = tree_of(names.iter().map(|name| (*name, file("attack"))));
    let stop = AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let (real, link) = (host.root().join("d"), host.root().join("link"));
            symlink(host.outside(), &link).unwrap();
            while !stop.load(Ordering::Relaxed) {
                let flags = rustix::fs::RenameFlags::EXCHANGE;
                let _ = rustix::fs::renameat_with(
                    rustix::fs::CWD,
                    &real,
                    rustix::fs::CWD,
                    &link,
                    flags,
                );
            }
        });
        for _ in 0..10 {
            // Whether it works is up to the race; where it writes is not.
            let _ = write(&tree, &host.root(), OPTIONS);
            let _ = read(&host.root(), None, &|_| None);
        }
        stop.store(true, Ordering::Relaxed);
    });
    host.assert_outside_untouched();
}

#[test]
fn reading_follows_no_link() {
    let host = Host::new();
    symlink(host.outside(), host.root().join("out")).unwrap();
    let tree = host.read(None);
    assert_eq!(tree.len(), 2);
    assert!(matches!(tree.get(&path("out")).unwrap().kind, Kind::Symlink(_)));
}

#[test]
fn a_mount_point_is_refused() {
    // The process file system is mounted on every system that tests can run on.
    let error = read(Path::new("/"), None, &|_| None).unwrap_err();
    assert!(matches!(error, Error::MountPoint { .. }), "{error}");
    let error = fingerprint(Path::new("/")).unwrap_err();
    assert!(matches!(error, Error::MountPoint { .. }), "{error}");
}

#[test]
fn removing_follows_no_link() {
    let host = Host::new();
    symlink(host.outside(), host.root().join("out")).unwrap();
    fs_err::hard_link(host.outside().join("file"), host.root().join("hardlink")).unwrap();
    remove_all(&host.root()).unwrap();
    host.assert_outside_untouched();
    assert!(!host.root().exists());
}

#[test]
fn a_symlink_in_place_of_the_directory_is_not_removed_through() {
    let host = Host::new();
    symlink(host.outside(), host.directory.path().join("link")).unwrap();
    assert!(remove_all(&host.directory.path().join("link")).is_err());
    host.assert_outside_untouched();
}

#[test]
fn directories_nested_too_deep_for_paths_are_refused_and_removed() {
    let host = Host::new();
    let mut handle = rustix::fs::open(
        host.root(),
        rustix::fs::OFlags::RDONLY | rustix::fs::OFlags::DIRECTORY,
        rustix::fs::Mode::empty(),
    )
    .unwrap();
    for _ in 0..2500 {
        rustix::fs::mkdirat(&handle, "dd", rustix::fs::Mode::RWXU).unwrap();
        let flags = rustix::fs::OFlags::RDONLY | rustix::fs::OFlags::DIRECTORY;
        handle = rustix::fs::openat(&handle, "dd", flags, rustix::fs::Mode::empty()).unwrap();
    }
    assert!(matches!(read(&host.root(), None, &|_| None), Err(Error::Path(_))));
    remove_all(&host.root()).unwrap();
    assert!(!host.root().exists());
}

#[test]
fn locked_directories_are_removed() {
    let host = Host::new();
    fs_err::create_dir_all(host.root().join("a/b")).unwrap();
    fs_err::write(host.root().join("a/b/c"), "x").unwrap();
    for at in ["a/b", "a"] {
        fs_err::set_permissions(host.root().join(at), PermissionsExt::from_mode(0o0)).unwrap();
    }
    remove_all(&host.root()).unwrap();
    assert!(!host.root().exists());
}
