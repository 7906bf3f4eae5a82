//! Disk images: every filesystem, measured, behind a table.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use test_support::{
    HUGE, Osb, assert_same, assert_same_with_huge, demanding, mounted, needs, read_directory,
};
use tree::Tree;

use super::{Bench, path, put_init, said, without_additions};

/// Where the filesystem lies in an image with this table.
const START: u64 = 1 << 20;
const TABLE: [&str; 4] = ["--table", "gpt", "--align", "1"];
const XFS_REFUSED: [&str; 4] =
    ["links/symbolic-4000", "links/symbolic-4095", "devices/c-high", "devices/b-high"];
const SQUASHFS_REFUSED: [&str; 6] = [
    "times/before-1970",
    "times/before-1970-fraction",
    "times/in-1902",
    "times/after-2106",
    "xattrs/acl",
    "xattrs/acls",
];

/// Packs, has the kernel and the filesystem's own tools read it, and compares.
fn check(options: &[&str], without: &[&str], tools: &[(&str, &str)], judge: impl Fn(&Path)) {
    let others = [("sgdisk", "gdisk"), ("veritysetup", "cryptsetup-bin")];
    if !needs(&[&others, tools].concat()) {
        return;
    }
    let Some(bench) = Bench::new(without) else { return };
    let image = bench.pack("image", "disk", &[options, &TABLE, &["--verity"]].concat());
    let filesystem = options[1];
    let disk = said(Command::new("sgdisk").arg("-v").arg(&image));
    assert!(disk.contains("No problems found"), "{disk}");
    mounted(&image, filesystem, START, |place| {
        let found = without_additions(seen(place));
        let mut expected = bench.tree.clone();
        if filesystem == "squashfs" {
            // It keeps whole seconds.
            expected.meta_mut(&path("times/fraction")).unwrap().mtime.nanoseconds = 0;
        }
        match expected.get(&path(HUGE)) {
            Some(_) => assert_same_with_huge(expected, found),
            None => assert_same(&expected, &found),
        }
    });
    bench.inspect("disk");
    let (data, hashes) = partitions(&bench, &image);
    let root_hash = fs::read_to_string(bench.osb.directory().join("root_hash_.txt")).unwrap();
    let root_hash = root_hash.strip_prefix("root_hash=").unwrap().split(',').next().unwrap();
    said(Command::new("veritysetup").arg("verify").arg(&data).arg(hashes).arg(root_hash));
    judge(&data);
}

/// What the kernel shows; of XFS it shows lists of rights to root in the form of the disk, too.
fn seen(place: &Path) -> Tree {
    let mut tree = read_directory(place);
    for (_, meta) in tree.metas_mut() {
        meta.xattrs.retain(|name, _| !name.starts_with(b"trusted.SGI_ACL_"));
    }
    tree
}

/// The contents of both partitions as files, where sgdisk says that they are.
fn partitions(bench: &Bench, image: &Path) -> (PathBuf, PathBuf) {
    let disk = File::open(image).unwrap();
    let part = |number: &str| {
        let shown = said(Command::new("sgdisk").args(["-i", number]).arg(image));
        let sector = |name: &str| -> u64 {
            let line = shown.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.split_whitespace().next().unwrap().parse().unwrap()
        };
        let (first, last) = (sector("First sector: ") * 512, (sector("Last sector: ") + 1) * 512);
        let file = bench.osb.directory().join(format!("partition-{number}"));
        let output = File::create(&file).unwrap();
        output.set_len(last - first).unwrap();
        let mut buffer = vec![0; 1 << 20];
        for place in (first..last).step_by(buffer.len()) {
            let bytes = &mut buffer[..(last - place).min(1 << 20) as usize];
            disk.read_exact_at(bytes, place).unwrap();
            if bytes.iter().any(|byte| *byte != 0) {
                output.write_all_at(bytes, place - first).unwrap();
            }
        }
        file
    };
    (part("1"), part("2"))
}

fn e2fsck(data: &Path) {
    said(Command::new("e2fsck").arg("-fn").arg(data));
}

fn fsck_erofs(data: &Path) {
    said(Command::new("fsck.erofs").arg(data));
}

#[test]
fn ext4_holds_the_demanding_tree() {
    let tools = [("e2fsck", "e2fsprogs")];
    check(&["--fs", "ext4"], &[], &tools, e2fsck);
}

#[test]
fn ext4_without_journal_holds_the_demanding_tree() {
    let tools = [("e2fsck", "e2fsprogs")];
    check(&["--fs", "ext4", "--no-journal"], &[], &tools, e2fsck);
}

#[test]
fn erofs_holds_the_demanding_tree() {
    check(&["--fs", "erofs"], &[], &[("fsck.erofs", "erofs-utils")], fsck_erofs);
}

#[test]
fn compressed_erofs_holds_the_demanding_tree() {
    let tools = [("fsck.erofs", "erofs-utils")];
    check(&["--fs", "erofs", "--compress", "lz4"], &[HUGE], &tools, fsck_erofs);
    // The tools of Debian 12 know no Zstandard.
    check(&["--fs", "erofs", "--compress", "zstd"], &[HUGE], &[], |_| {});
}

#[test]
fn squashfs_holds_the_demanding_tree() {
    let unsquashfs = |data: &Path| {
        let target = data.with_file_name("unpacked");
        let mut command = Command::new("unsquashfs");
        command.args(["-quiet", "-no-progress", "-strict-errors", "-dest"]).arg(&target).arg(data);
        said(&mut command);
    };
    let tools = [("unsquashfs", "squashfs-tools")];
    check(&["--fs", "squashfs"], &SQUASHFS_REFUSED, &tools, unsquashfs);
}

#[test]
fn xfs_holds_the_demanding_tree() {
    let repair = |data: &Path| {
        said(Command::new("xfs_repair").args(["-n", "-f"]).arg(data));
    };
    check(&["--fs", "xfs"], &XFS_REFUSED, &[("xfs_repair", "xfsprogs")], repair);
}

#[test]
fn labels_of_an_archive_are_in_every_filesystem() {
    let (osb, holes) = (Osb::new(env!("CARGO_BIN_EXE_osb")), tempfile::tempdir().unwrap());
    let mut labelled = Tree::new();
    put_init(&mut labelled);
    let whole = demanding(holes.path());
    // Squashfs cannot hold lists of rights, and says so in another test.
    let nodes = whole.below(&path("xattrs")).filter(|(name, _)| !name.name().starts_with(b"acl"));
    for (name, node) in nodes {
        labelled.insert(name.clone(), node.clone()).unwrap();
    }
    let mut archive = Vec::new();
    tree::tar::write(&labelled, &mut archive).unwrap();
    fs::write(osb.directory().join("given.tar"), archive).unwrap();
    for filesystem in ["ext4", "erofs", "squashfs", "xfs"] {
        let usual = ["image", "--rootfs", "given.tar", "-o", "disk", "--fs", filesystem];
        osb.run(usual.iter().chain(&TABLE)).succeeds();
        mounted(&osb.directory().join("disk"), filesystem, START, |place| {
            assert_same(&labelled, &without_additions(seen(place)));
        });
    }
}
