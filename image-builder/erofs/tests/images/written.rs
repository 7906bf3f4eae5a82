//! What we write, as the kernel, erofs-utils and our own reader read it.

use std::path::Path;
use std::process::Command;

use erofs::{Algorithm, Options};
use test_support::{assert_same, demanding, mounted, needs, read_directory};
use tree::{Aspect, GuestPath, Tree};

use crate::make::{compressed, options, quick, run, write};

const TOOLS: &[(&str, &str)] = &[("fsck.erofs", "erofs-utils"), ("dump.erofs", "erofs-utils")];

/// Writes the tree, and has everyone read it.
#[track_caller]
fn check(tree: &Tree, options: &Options, directory: &Path) {
    let image = directory.join("image");
    write(tree, options, &image);
    assert_same(tree, &erofs::read(&image, 0).unwrap());
    mounted(&image, "erofs", 0, |place| assert_same(tree, &read_directory(place)));
    // The tools of Debian 12 know no Zstandard.
    let is_known =
        options.compression.is_none_or(|chosen| !matches!(chosen.algorithm, Algorithm::Zstd(_)));
    if is_known && needs(TOOLS) {
        run("fsck.erofs", &[&image]);
    }
}

#[track_caller]
fn check_compressed(algorithm: Algorithm, cluster_bytes: u32) {
    let directory = tempfile::tempdir().unwrap();
    let tree = quick(directory.path());
    check(&tree, &compressed(algorithm, cluster_bytes), directory.path());
}

#[test]
fn the_demanding_tree_is_the_same_for_all_readers() {
    let directory = tempfile::tempdir().unwrap();
    check(&demanding(directory.path()), &options(), directory.path());
}

#[test]
fn so_it_is_without_inline_tails() {
    let directory = tempfile::tempdir().unwrap();
    let options = Options { inline_tails: false, ..options() };
    check(&quick(directory.path()), &options, directory.path());
}

#[test]
fn so_it_is_with_lz4() {
    check_compressed(Algorithm::Lz4, 4096);
    check_compressed(Algorithm::Lz4, 1 << 20);
}

#[test]
fn so_it_is_with_lz4hc() {
    check_compressed(Algorithm::Lz4hc(9), 131_072);
}

#[test]
fn so_it_is_with_zstd() {
    check_compressed(Algorithm::Zstd(3), 4096);
    check_compressed(Algorithm::Zstd(12), 1 << 20);
}

#[test]
fn a_sparse_file_takes_little_room() {
    let directory = tempfile::tempdir().unwrap();
    let tree = demanding(directory.path());
    let (image, sizes) = (directory.path().join("image"), [1, 4095, 4096, 4097, 3_000_001]);
    let size = write(&tree, &options(), &image);
    assert!(size < 24 << 20, "{size}");
    assert_eq!(erofs::plan(&tree, &options()).unwrap().size_bytes(), Some(size));
    let read = erofs::read(&image, 0).unwrap();
    for size in sizes {
        let path = GuestPath::new(format!("sizes/{size}")).unwrap();
        let tree::Kind::File(content) = &read.get(&path).unwrap().kind else { panic!() };
        let is_whole = size % 4096 == 0 || size < 4096;
        assert_eq!(matches!(content, tree::Content::Span { .. }), is_whole, "{size}");
    }
}

#[test]
fn the_superblock_says_what_was_chosen() {
    if !needs(TOOLS) {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let image = directory.path().join("image");
    write(&quick(directory.path()), &compressed(Algorithm::Lz4, 65_536), &image);
    let said = run("dump.erofs", &[&"-s", &image]);
    for line in [
        "30313233-3435-3637-3839-616263646566",
        "sb_csum mtime 0padding big_pcluster chunked_file",
        "Tue Nov 14 22:13:20 2023",
    ] {
        assert!(said.contains(line), "{line}: {said}");
    }
}

#[test]
fn lists_of_rights_are_shown_by_getfacl() {
    if !needs(&[("getfacl", "acl")]) {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let image = directory.path().join("image");
    write(&quick(directory.path()), &options(), &image);
    mounted(&image, "erofs", 0, |place| {
        let mut command = Command::new("getfacl");
        let output = command.args(["-n", "xattrs/acl", "xattrs/acls"]).current_dir(place).output();
        let said = String::from_utf8_lossy(&output.unwrap().stdout).into_owned();
        for line in ["user:1000:r--", "user:70000:rwx", "group:2000:r-x", "default:user:1000:r--"] {
            assert!(said.contains(line), "{line}: {said}");
        }
    });
}

#[test]
fn an_extracted_image_is_the_tree() {
    if !needs(TOOLS) {
        return;
    }
    let directory = tempfile::tempdir().unwrap();
    let mut tree = quick(directory.path());
    // It forgets that holes have a length.
    for path in ["holes/2000-holes", "holes/all-hole", "sizes/zeros"] {
        tree.remove(&GuestPath::new(path).unwrap()).unwrap();
    }
    for options in [options(), compressed(Algorithm::Lz4hc(4), 65_536)] {
        let (image, out) = (directory.path().join("image"), tempfile::tempdir().unwrap());
        write(&tree, &options, &image);
        let flag = format!("--extract={}", out.path().display());
        run("fsck.erofs", &[&flag, &"--overwrite", &image]);
        let found = tree::directory::read(out.path(), None, &|_| None).unwrap();
        // It leaves out attributes, hard links and bits such as setuid, and sets no times of links.
        let mut differences = tree::compare(&tree, &found).unwrap();
        differences.retain(|difference| {
            let is_setuid = difference.path.as_bytes().starts_with(b"modes/");
            let lost = [Aspect::Xattrs, Aspect::LinkGroup, Aspect::ModifiedTime];
            !is_setuid && !lost.contains(&difference.aspect)
        });
        assert!(differences.is_empty(), "{differences:?}");
    }
}
