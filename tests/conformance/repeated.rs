//! Every format has the same bytes, whoever packs it, where and when.

use std::fs;
use std::path::Path;

use test_support::{Osb, User, assert_same, demanding, is_root, read_directory, sha256, skip};
use tree::directory::{Devices, Options, Owners};
use tree::{GuestPath, Kind, Tree};

use super::{path, put_init};

/// Every way in which bytes are written.
const WAYS: [(&str, &[&str]); 16] = [
    ("image", &["--fs", "ext4", "--verity"]),
    ("image", &["--fs", "ext4", "--no-journal", "--table", "gpt", "--verity", "--align", "1"]),
    ("image", &["--fs", "erofs", "--table", "gpt", "--verity"]),
    ("image", &["--fs", "erofs", "--compress", "lz4", "--table", "none"]),
    ("image", &["--fs", "erofs", "--compress", "zstd", "--no-dax"]),
    ("image", &["--fs", "squashfs", "--verity", "--table", "none"]),
    ("image", &["--fs", "squashfs", "--compress", "xz"]),
    ("image", &["--fs", "squashfs", "--compress", "gzip", "--format", "qcow2"]),
    ("image", &["--fs", "xfs", "--verity"]),
    ("initrd", &["--compress", "zstd"]),
    ("initrd", &["--compress", "gzip"]),
    ("initrd", &["--compress", "xz"]),
    ("initrd", &["--compress", "lz4"]),
    ("initrd", &["--compress", "none"]),
    ("rootfs", &["-o", "artifact.tar.gz"]),
    ("rootfs", &["-o", "artifact.tar.zst"]),
];

/// What every format can hold of the demanding tree, without what only takes time.
fn tree(holes: &Path) -> Tree {
    let mut tree = demanding(holes);
    for directory in ["xattrs", "times", "devices", "holes"] {
        remove_all(&mut tree, &path(directory));
    }
    for name in ["links/symbolic-4000", "links/symbolic-4095"] {
        tree.remove(&path(name)).unwrap();
    }
    let many: Vec<GuestPath> = tree.below(&path("many")).map(|(path, _)| path.clone()).collect();
    many.iter().skip(700).for_each(|path| drop(tree.remove(path)));
    put_init(&mut tree);
    tree
}

fn remove_all(tree: &mut Tree, directory: &GuestPath) {
    let below: Vec<GuestPath> = tree.below(directory).map(|(path, _)| path.clone()).collect();
    below.iter().rev().chain([directory]).for_each(|path| drop(tree.remove(path)));
}

/// The digests of all artifacts that a command makes of a tree.
fn digests(osb: &Osb, source: &str, jobs: &str) -> Vec<String> {
    let digest = |(command, options): &(&str, &[&str])| {
        let output: &[&str] = if options.contains(&"-o") { &[] } else { &["-o", "artifact"] };
        let usual = [*command, "--rootfs", source, "--jobs", jobs];
        osb.run(usual.iter().chain(*options).chain(output)).succeeds();
        let name = if *command == "rootfs" { options[1] } else { "artifact" };
        let artifact = osb.directory().join(name);
        let digest = sha256(&fs::read(&artifact).unwrap());
        fs::remove_file(artifact).unwrap();
        digest
    };
    WAYS.iter().map(digest).collect()
}

#[track_caller]
fn assert_equal(first: &[String], second: &[String]) {
    for (way, (first, second)) in WAYS.iter().zip(first.iter().zip(second)) {
        assert_eq!(first, second, "{way:?}");
    }
}

#[test]
fn a_tar_gives_the_same_bytes_under_another_user_locale_zone_mask_and_thread_count() {
    let holes = tempfile::tempdir().unwrap();
    let mut archive = Vec::new();
    tree::tar::write(&tree(holes.path()), &mut archive).unwrap();
    let usual = Osb::new(env!("CARGO_BIN_EXE_osb"));
    fs::write(usual.directory().join("given.tar"), &archive).unwrap();
    let expected = digests(&usual, "given.tar", "1");
    let mut others = vec![Osb::new(env!("CARGO_BIN_EXE_osb"))];
    for user in [User::with_subordinate_ids(), User::plain()].into_iter().flatten() {
        others.push(Osb::new(env!("CARGO_BIN_EXE_osb")).as_user(&user));
    }
    for other in others {
        let other = other.umask("077").env("TZ", "Asia/Tokyo").env("LC_ALL", "tr_TR.UTF-8");
        fs::write(other.directory().join("given.tar"), &archive).unwrap();
        assert_equal(&expected, &digests(&other, "given.tar", "5"));
    }
}

#[test]
fn a_directory_gives_the_same_bytes_in_another_order_and_place() {
    if !is_root() {
        return skip("owners need root");
    }
    let (holes, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir_in("/dev/shm"));
    let (tree, elsewhere) = (tree(holes.path()), elsewhere.unwrap());
    let usual = Osb::new(env!("CARGO_BIN_EXE_osb"));
    super::write(&tree, &usual.directory().join("given"));
    // A file system in memory lists what came last first.
    let options = Options { owners: Owners::Apply, devices: Devices::Make };
    let (links, others): (Vec<_>, Vec<_>) =
        tree.iter().partition(|(_, node)| matches!(node.kind, Kind::HardLink(_)));
    for part in others.chunks(50).rev().chain([links.as_slice()]) {
        let paths = part.iter().map(|(path, _)| *path);
        tree::directory::write_paths(&tree, paths, elsewhere.path(), options).unwrap();
    }
    assert_same(&tree, &read_directory(elsewhere.path()));
    let other =
        Osb::new(env!("CARGO_BIN_EXE_osb")).env("TMPDIR", elsewhere.path().parent().unwrap());
    let expected = digests(&usual, "given", "2");
    assert_equal(&expected, &digests(&other, elsewhere.path().to_str().unwrap(), "3"));
}
