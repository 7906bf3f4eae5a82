//! GNU cpio and bsdtar read what we write, and we read what they write.

#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, clippy::disallowed_types)]

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use test_support::{as_cpio_unpacks, assert_same, demanding, is_root, needs, read_directory, skip};
use tree::cpio::{self, Xattrs};
use tree::{GuestPath, Kind, Meta, Node, Timestamp, Tree};

const CPIO: (&str, &str) = ("cpio", "cpio");
const BSDTAR: (&str, &str) = ("bsdtar", "libarchive-tools");

/// Whether this machine can compare owners and devices with these tools.
fn can(tools: &[(&str, &str)]) -> bool {
    if !is_root() {
        skip("owners and devices need root");
    }
    is_root() && needs(tools)
}

/// The demanding tree without what the format cannot hold.
fn holdable(host: &Path) -> Tree {
    let mut tree = demanding(host);
    for path in ["holes/5-gib", "times/after-2106"] {
        tree.remove(&GuestPath::new(path).unwrap()).unwrap();
    }
    for (_, meta) in tree.metas_mut() {
        meta.xattrs.clear();
        meta.mtime = Timestamp::from_seconds(meta.mtime.seconds.max(0));
    }
    tree
}

fn run(command: &mut Command) {
    let output = command.stderr(Stdio::piped()).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
}

fn extracted_by(tree: &Tree, mut tool: Command) {
    let host = tempfile::tempdir().unwrap();
    let (archive, out) = (host.path().join("archive"), host.path().join("out"));
    cpio::write(tree, Xattrs::Refuse, &mut File::create(&archive).unwrap()).unwrap();
    fs::create_dir(&out).unwrap();
    fs::set_permissions(&out, Permissions::from_mode(0o755)).unwrap();
    run(tool.current_dir(&out).stdin(File::open(&archive).unwrap()));
    let found = as_cpio_unpacks(read_directory(&out));
    assert_same(&as_cpio_unpacks(tree.clone()), &found);
}

#[test]
fn gnu_cpio_extracts_what_we_write() {
    if !can(&[CPIO]) {
        return;
    }
    let host = tempfile::tempdir().unwrap();
    let mut tool = Command::new("cpio");
    tool.args(["--extract", "--make-directories", "--preserve-modification-time", "--quiet"]);
    let mut tree = holdable(host.path());
    // It leaves the directory that it is called in as that is.
    let here = read_directory(tempfile::tempdir().unwrap().path());
    *tree.meta_mut(&GuestPath::root()).unwrap() =
        Meta { mode: 0o755, ..here.get(&GuestPath::root()).unwrap().meta.clone() };
    extracted_by(&tree, tool);
}

#[test]
fn bsdtar_extracts_what_we_write() {
    if !can(&[BSDTAR]) {
        return;
    }
    let host = tempfile::tempdir().unwrap();
    let mut tree = holdable(host.path());
    // It has no way to make sockets, and takes names that are not UTF-8 for damaged ones.
    for path in [b"devices/socket".as_slice(), b"names/not \xff\xfe utf-8"] {
        tree.remove(&GuestPath::new(path).unwrap()).unwrap();
    }
    let mut tool = Command::new("bsdtar");
    tool.env("LC_ALL", "C.UTF-8").args(["-x", "-p", "--numeric-owner", "-f", "-"]);
    extracted_by(&tree, tool);
}

#[test]
fn we_read_what_gnu_cpio_writes() {
    if !can(&[CPIO]) {
        return;
    }
    let host = tempfile::tempdir().unwrap();
    let tree = holdable(host.path());
    let out = host.path().join("out");
    fs::create_dir(&out).unwrap();
    let options = tree::directory::Options {
        owners: tree::directory::Owners::Apply,
        devices: tree::directory::Devices::Make,
    };
    tree::directory::write(&tree, &out, options).unwrap();
    for format in ["newc", "crc"] {
        let archive = host.path().join(format);
        let pack = "find . -print0 | cpio --create --null --quiet --format \"$1\" > \"$2\"";
        let mut shell = Command::new("sh");
        run(shell.current_dir(&out).args(["-c", pack, "sh", format]).arg(&archive));
        let read = Tree::from_entries(cpio::read_spans(&archive.into()).unwrap()).unwrap();
        assert_same(&tree, &read);
    }
}

#[test]
fn gnu_cpio_lists_what_we_write() {
    if !needs(&[CPIO]) {
        return;
    }
    let host = tempfile::tempdir().unwrap();
    let mut tree = Tree::new();
    let null = Kind::CharDevice { major: 1, minor: 3 };
    let node = Node { meta: Meta::default(), kind: null };
    tree.insert(GuestPath::new("dev/null").unwrap(), node).unwrap();
    let archive = host.path().join("archive");
    cpio::write(&tree, Xattrs::Refuse, &mut File::create(&archive).unwrap()).unwrap();
    assert_eq!(fs::metadata(&archive).unwrap().len() % 512, 0);
    let mut tool = Command::new("cpio");
    let tool = tool.args(["--list", "--quiet"]).stdin(File::open(&archive).unwrap());
    assert_eq!(String::from_utf8(tool.output().unwrap().stdout).unwrap(), ".\ndev\ndev/null\n");
}
