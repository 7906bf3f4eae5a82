//! Disk images and initrds: from packages, and from trees that are there already.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use test_support::{Osb, User, assert_same, capability, is_root, mounted, needs, read_directory};
use tree::directory::{Devices, Options, Owners};
use tree::{Content, GuestPath, Kind, Meta, Node, Timestamp, Tree};

/// The smallest tree that is let through.
fn bootable() -> Tree {
    let mut tree = Tree::new();
    let mut put = |path: &str, mode: u16, kind: Kind| {
        let mtime = Timestamp::from_seconds(1_700_000_000);
        let meta = Meta { mode, mtime, ..Meta::default() };
        tree.insert(GuestPath::new(path).unwrap(), Node { meta, kind }).unwrap();
    };
    put("sbin/init", 0o755, Kind::File(Content::from(b"#!/bin/sh\n".to_vec())));
    put("etc/hostname", 0o644, Kind::File(Content::from(b"guest\n".to_vec())));
    put("etc/alias", 0o777, Kind::Symlink(b"hostname".as_slice().into()));
    tree
}

fn write_tar(tree: &Tree, path: &Path) {
    let mut bytes = Vec::new();
    tree::tar::write(tree, &mut bytes).unwrap();
    fs::write(path, bytes).unwrap();
}

struct Bench {
    osb: Osb,
}

impl Bench {
    fn new(tree: &Tree) -> Self {
        let osb = Osb::new(env!("CARGO_BIN_EXE_osb"));
        write_tar(tree, &osb.directory().join("rootfs.tar"));
        Self { osb }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.osb.directory().join(name)
    }

    /// Packs the tar, and returns what was said as JSON.
    #[track_caller]
    fn pack(&self, command: &str, more: &[&str]) -> Value {
        let usual = [command, "--rootfs", "rootfs.tar", "--json"];
        let outcome = self.osb.run(usual.iter().chain(more)).succeeds();
        serde_json::from_str(&outcome.stdout).unwrap()
    }
}

/// A tree that came back, without what packing adds.
fn without_additions(mut tree: Tree) -> Tree {
    for path in ["lost+found", "var/lib/osbuilder", "init"] {
        tree.remove(&GuestPath::new(path).unwrap());
    }
    for path in ["var/lib", "var"] {
        let path = GuestPath::new(path).unwrap();
        if tree.below(&path).next().is_none() {
            tree.remove(&path);
        }
    }
    tree
}

#[test]
fn every_filesystem_and_table_comes_back_as_the_tree_that_went_in() {
    let bench = Bench::new(&bootable());
    for filesystem in ["ext4", "erofs", "squashfs", "xfs"] {
        for (table, start) in [("mbr", 3 << 20), ("gpt", 1 << 20), ("none", 0)] {
            let more = ["--fs", filesystem, "--table", table, "-o", "disk.img"];
            let said = bench.pack("image", &more);
            assert_eq!(said["kind"], "image");
            let line = said["boot"][0]["parameters"].as_str().unwrap().to_owned();
            assert!(line.contains(&format!("rootfstype={filesystem}")), "{line}");
            mounted(&bench.path("disk.img"), filesystem, start, |directory| {
                assert_same(&bootable(), &without_additions(read_directory(directory)));
            });
        }
    }
}

#[test]
fn measured_images_have_their_proof_beside_them() {
    if !needs(&[("veritysetup", "cryptsetup-bin")]) {
        return;
    }
    let bench = Bench::new(&bootable());
    let said = bench.pack("image", &["--verity", "--variant", "test", "-o", "disk.img"]);
    let line = fs::read_to_string(bench.path("root_hash_test.txt")).unwrap();
    let keys: Vec<_> = line.trim().split(',').map(|pair| pair.split_once('=').unwrap()).collect();
    let names: Vec<_> = keys.iter().map(|(name, _)| *name).collect();
    let expected = ["root_hash", "salt", "data_blocks", "data_block_size", "hash_block_size"];
    assert_eq!(names, expected);
    assert_eq!(said["root_hash"], keys[0].1);
    let bytes = fs::read(bench.path("disk.img")).unwrap();
    let split = bytes.len() / 100 * 99 / (1 << 20) * (1 << 20);
    fs::write(bench.path("data"), &bytes[3 << 20..split]).unwrap();
    fs::write(bench.path("tree"), &bytes[split..]).unwrap();
    let verify = Command::new("veritysetup")
        .args(["verify", "--no-superblock", "--salt", keys[1].1, "--data-blocks", keys[2].1])
        .args([bench.path("data"), bench.path("tree")])
        .arg(keys[0].1)
        .output()
        .unwrap();
    assert!(verify.status.success(), "{}", String::from_utf8_lossy(&verify.stderr));
    let again = bench.pack("image", &["--verity", "--variant", "again", "-o", "again.img"]);
    assert_eq!(again["root_hash"], said["root_hash"]);
    let salted = bench.pack("image", &["--verity", "--salt", "00ff", "-o", "salted.img"]);
    assert_ne!(salted["root_hash"], said["root_hash"]);
}

#[test]
fn qemu_finds_the_same_disk_in_both_formats() {
    if !needs(&[("qemu-img", "qemu-utils")]) {
        return;
    }
    let bench = Bench::new(&bootable());
    bench.pack("image", &["-o", "disk.img"]);
    bench.pack("image", &["-o", "disk.qcow2", "--format", "qcow2"]);
    for arguments in [
        &["check", "disk.qcow2"][..],
        &["compare", "-f", "raw", "-F", "qcow2", "disk.img", "disk.qcow2"],
    ] {
        let mut command = Command::new("qemu-img");
        let output = command.args(arguments).current_dir(bench.osb.directory()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    }
    assert!(bench.path("disk.qcow2").metadata().unwrap().len() < 16 << 20);
}

#[test]
fn initrds_of_every_compression_are_what_gnu_cpio_unpacks() {
    let tools =
        [("cpio", "cpio"), ("zstd", "zstd"), ("xz", "xz-utils"), ("lz4", "lz4"), ("gzip", "gzip")];
    if !needs(&tools) || !is_root() {
        return;
    }
    let bench = Bench::new(&bootable());
    for (name, tool) in [
        ("zstd", "zstd -dc"),
        ("gzip", "gzip -dc"),
        ("xz", "xz -dc"),
        ("lz4", "lz4 -dc"),
        ("none", "cat"),
    ] {
        let said = bench.pack("initrd", &["--compress", name, "-o", "guest.initrd"]);
        assert_eq!(said["kind"], "initrd");
        let place = bench.path(&format!("unpacked-{name}"));
        fs::create_dir(&place).unwrap();
        let script = format!("{tool} ../guest.initrd | cpio --quiet -idm --no-absolute-filenames");
        let output = Command::new("sh").args(["-c", &script]).current_dir(&place).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(fs::read_link(place.join("init")).unwrap(), Path::new("/sbin/init"));
        let (mut expected, found) = (bootable(), without_additions(read_directory(&place)));
        let paths: Vec<_> = expected.iter().map(|(path, _)| path.clone()).collect();
        for path in paths {
            // GNU cpio leaves directories and links as old as their making.
            if !matches!(found.get(&path).unwrap().kind, Kind::File(_)) {
                let mtime = found.get(&path).unwrap().meta.mtime;
                expected.meta_mut(&path).unwrap().mtime = mtime;
            }
        }
        assert_same(&expected, &found);
    }
}

#[test]
fn what_an_initrd_cannot_hold_is_refused_by_name() {
    let mut tree = bootable();
    let ping = GuestPath::new("usr/bin/ping").unwrap();
    let mut meta = Meta { mode: 0o755, ..Meta::default() };
    meta.xattrs.insert(b"security.capability".as_slice().into(), capability());
    let kind = Kind::File(Content::from(b"ping".to_vec()));
    tree.insert(ping, Node { meta, kind }).unwrap();
    let bench = Bench::new(&tree);
    let arguments = ["initrd", "--rootfs", "rootfs.tar", "-o", "guest.initrd"];
    bench.osb.run(arguments).fails_with(2, "usr/bin/ping");
    assert!(!bench.path("guest.initrd").exists());
    bench.pack("initrd", &["--drop-xattrs", "-o", "guest.initrd"]);
}

#[test]
fn a_tree_without_init_is_refused_unless_told_otherwise() {
    let mut tree = bootable();
    tree.remove(&GuestPath::new("sbin/init").unwrap());
    let bench = Bench::new(&tree);
    let image = ["image", "--rootfs", "rootfs.tar", "-o", "disk.img"];
    let outcome = bench.osb.run(image).fails_with(2, "/sbin/init");
    assert!(outcome.stderr.contains("--no-check"), "{outcome}");
    assert!(!bench.path("disk.img").exists());
    bench.osb.run(image.iter().chain(&["--no-check"])).succeeds();
    let initrd = ["initrd", "--rootfs", "rootfs.tar", "-o", "guest.initrd"];
    bench.osb.run(initrd).fails_with(2, "init");
}

#[test]
fn impossible_disks_are_refused_with_what_would_do() {
    let bench = Bench::new(&bootable());
    for (more, said) in [
        (&["--size", "2"][..], "too small"),
        (&["--align", "1K"], "whole number of MiB"),
        (&["--fs", "ext4", "--compress", "zstd"], "ext4 has no compression"),
        (&["--fs", "erofs", "--no-journal"], "journal"),
        (&["--fs", "squashfs", "--free-space", "10"], "only ext4 and xfs have room"),
        (&["--salt", "00"], "--verity"),
        (&["--fs", "btrfs"], "ext4"),
        (&["--release", "bookworm"], "--rootfs"),
    ] {
        let usual = ["image", "--rootfs", "rootfs.tar", "-o", "disk.img"];
        let outcome = bench.osb.run(usual.iter().chain(more)).fails_with(2, said);
        assert!(!bench.path("disk.img").exists(), "{outcome}");
    }
}

#[test]
fn places_where_nothing_can_be_written_are_refused_before_anything_is_made() {
    let bench = Bench::new(&bootable());
    fs::create_dir(bench.path("directory")).unwrap();
    for command in ["image", "initrd"] {
        let usual = [command, "--rootfs", "rootfs.tar", "-o"];
        let run = |place: &str| bench.osb.run(usual.iter().chain(&[place]));
        run("directory").fails_with(2, "directory is a directory");
        run("nowhere/artifact").fails_with(2, "nowhere does not exist");
    }
}

#[test]
fn what_is_no_tree_is_refused_with_a_way_to_one() {
    let bench = Bench::new(&bootable());
    bench.pack("image", &["-o", "disk.img"]);
    let usual = ["image", "-o", "again.img", "--rootfs"];
    let outcome = bench.osb.run(usual.iter().chain(&["disk.img"]));
    assert!(outcome.stderr.contains("osb inspect"), "{outcome}");
    outcome.fails_with(2, "disk.img is neither a directory nor a tar archive");
    fs::write(bench.path("text.gz"), b"\x1f\x8bno").unwrap();
    bench.osb.run(usual.iter().chain(&["text.gz"])).fails_with(3, "text.gz");
}

/// In a user namespace all strangers look like nobody, who would become the owner in the guest.
#[test]
fn owners_that_cannot_be_told_are_refused_and_a_users_own_files_are_roots() {
    let users = [User::with_subordinate_ids(), User::plain()];
    for user in users.into_iter().flatten() {
        let osb = Osb::new(env!("CARGO_BIN_EXE_osb")).as_user(&user);
        let given = osb.directory().join("given");
        fs::create_dir(&given).unwrap();
        let options = Options { owners: Owners::Apply, devices: Devices::Make };
        tree::directory::write(&bootable(), &given, options).unwrap();
        let arguments = ["image", "--rootfs", "given", "-o", "disk.img"];
        let outcome = osb.run(arguments).fails_with(2, "cannot be told");
        assert!(outcome.stderr.contains("--numeric-owner"), "{outcome}");
        user.take_all(&given);
        osb.run(arguments).succeeds();
        let listing = osb.run(["inspect", "disk.img"]).succeeds().stdout;
        assert!(listing.lines().all(|line| line.split(' ').nth(2) == Some("0:0")), "{listing}");
    }
}

#[test]
fn an_unchanged_image_is_not_made_again_and_a_changed_source_is() {
    let bench = Bench::new(&bootable());
    let arguments = ["image", "--rootfs", "rootfs.tar", "-o", "disk.img", "--verity"];
    let run = || bench.osb.run(arguments).succeeds();
    run();
    fs::remove_file(bench.path("root_hash_.txt")).unwrap();
    assert!(run().stderr.contains("nothing has changed"));
    assert!(bench.path("root_hash_.txt").exists());
    let mut tree = bootable();
    tree.remove(&GuestPath::new("etc/hostname").unwrap());
    write_tar(&tree, &bench.path("rootfs.tar"));
    assert!(!run().stderr.contains("nothing has changed"));
    let more = bench.osb.run(arguments.iter().chain(&["--no-dax"])).succeeds();
    assert!(!more.stderr.contains("nothing has changed"));
}

#[test]
fn hostile_archives_are_refused_and_nothing_is_written() {
    let bench = Bench::new(&bootable());
    let good = fs::read(bench.path("rootfs.tar")).unwrap();
    for (number, change) in [(0, 100), (1, 257), (2, 600), (3, 1030)] {
        let mut bytes = good.clone();
        bytes[change] ^= 0xff;
        if number == 3 {
            bytes.truncate(1200);
        }
        fs::write(bench.path("rootfs.tar"), bytes).unwrap();
        let outcome =
            bench.osb.run(["image", "--rootfs", "rootfs.tar", "-o", "disk.img", "--no-check"]);
        assert!(matches!(outcome.code, Some(0..=4)), "{outcome}");
        assert!(outcome.code == Some(0) || !bench.path("disk.img").exists(), "{outcome}");
        let _ = fs::remove_file(bench.path("disk.img"));
    }
}

#[test]
fn a_directory_without_kernel_modules_is_refused_by_name() {
    let bench = Bench::new(&bootable());
    fs::create_dir(bench.path("nothing")).unwrap();
    let more = ["image", "--rootfs", "rootfs.tar", "-o", "disk.img", "--modules", "nothing"];
    let outcome = bench.osb.run(more).fails_with(2, "nothing");
    assert!(outcome.stderr.contains("lib/modules"), "{outcome}");
    bench
        .osb
        .run(more.map(|word| if word == "nothing" { "absent" } else { word }))
        .fails_with(2, "absent");
}

#[test]
fn kernel_modules_come_into_every_artifact_with_their_indexes() {
    let bench = Bench::new(&bootable());
    let modules = bench.path("lib/modules/6.1.0-test");
    fs::create_dir_all(modules.join("kernel")).unwrap();
    fs::write(modules.join("modules.builtin"), "kernel/fs/ext4/ext4.ko\n").unwrap();
    fs::write(modules.join("modules.order"), "").unwrap();
    let here = modules.to_str().unwrap();
    let more = ["initrd", "--rootfs", "rootfs.tar", "--modules", here, "-o", "guest.initrd"];
    bench.osb.run(more).succeeds();
    let arguments = ["rootfs", "--rootfs", "rootfs.tar", "--modules", here, "-o", "out.tar"];
    bench.osb.run(arguments).succeeds();
    let listing = bench.osb.run(["inspect", "out.tar"]).succeeds().stdout;
    for name in ["modules.dep", "modules.dep.bin", "modules.alias.bin", "modules.builtin.bin"] {
        assert!(listing.contains(&format!("/lib/modules/6.1.0-test/{name}")), "{listing}");
    }
    fs::write(modules.join("modules.builtin"), "").unwrap();
    let again = bench.osb.run(arguments).succeeds();
    assert!(!again.stderr.contains("nothing has changed"), "{again}");
}
