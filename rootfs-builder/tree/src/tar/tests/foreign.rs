//! GNU tar and the tar crate read what we write, and we read what they write.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::process::Command;

use super::{read_spans, tree_of, written};
use crate::directory::{self, Devices, Options, Owners};
use crate::{GuestPath, Kind, Node, Timestamp, Tree, compare};

fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| {
        panic!("{command:?}: {error}: this test needs GNU tar: install the package tar")
    });
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
    String::from_utf8(output.stdout).unwrap()
}

fn gnu_tar() -> Command {
    let mut command = Command::new("tar");
    command.env("LC_ALL", "C").env("TZ", "UTC");
    command
}

/// Everything that any user may extract, all of it spelt in a way that is easy to get wrong.
fn demanding_tree() -> Tree {
    let deep = "directory-with-a-long-name/".repeat(12);
    let long: &'static str = Box::leak(format!("{deep}file").into_boxed_str());
    let very_long: &'static str = Box::leak("n".repeat(240).into_boxed_str());
    let target: Box<[u8]> = "t/".repeat(150).into_bytes().into();
    let mut tree = tree_of([
        (long, Kind::File(vec![b'l'; 513].into())),
        (very_long, Kind::File(Vec::new().into())),
        ("odd\nname \u{e9}", Kind::File(b"odd".to_vec().into())),
        ("link", Kind::Symlink(target)),
        ("pipe", Kind::Fifo),
        ("z", Kind::HardLink(GuestPath::new(long).unwrap())),
        ("empty", Kind::Directory),
        ("set-id", Kind::File(b"s".to_vec().into())),
    ]);
    let (uid, gid) = (rustix::process::geteuid().as_raw(), rustix::process::getegid().as_raw());
    let symlink = GuestPath::new("link").unwrap();
    for (path, meta) in tree.metas_mut() {
        (meta.uid, meta.gid) = (uid, gid);
        meta.mtime = Timestamp { seconds: 1_600_000_000, nanoseconds: 250_000_000 };
        meta.mode = if *path == symlink { 0o777 } else { 0o750 };
    }
    let set_id = tree.meta_mut(&GuestPath::new("set-id").unwrap()).unwrap();
    set_id.mode = 0o6755;
    set_id.mtime = Timestamp { seconds: -2, nanoseconds: 500_000_000 };
    set_id.xattrs = BTreeMap::from([((*b"user.note").into(), (*b"=\n\0\xff").into())]);
    tree
}

#[test]
fn gnu_tar_extracts_what_we_write() {
    let tree = demanding_tree();
    let host = tempfile::tempdir().unwrap();
    let (archive, out) = (host.path().join("archive.tar"), host.path().join("out"));
    fs_err::write(&archive, written(&tree)).unwrap();
    fs_err::create_dir(&out).unwrap();
    let flags = ["--xattrs", "--xattrs-include=*", "--same-permissions", "-xf"];
    run(gnu_tar().args(flags).arg(&archive).arg("-C").arg(&out));
    let extracted = directory::read(&out, None, &|_| None).unwrap();
    assert_eq!(compare(&tree, &extracted).unwrap(), []);
}

#[test]
fn gnu_tar_lists_numeric_owners_and_devices() {
    let mut tree = tree_of([
        ("null", Kind::CharDevice { major: 1, minor: 3 }),
        ("big", Kind::File(b"x".to_vec().into())),
    ]);
    let big = tree.meta_mut(&GuestPath::new("big").unwrap()).unwrap();
    (big.uid, big.gid) = (4_000_000_000, 3_000_000);
    let host = tempfile::tempdir().unwrap();
    let archive = host.path().join("archive.tar");
    fs_err::write(&archive, written(&tree)).unwrap();
    let listing = run(gnu_tar().arg("-tvf").arg(&archive));
    let lines: Vec<Vec<&str>> =
        listing.lines().map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(lines[0][..3], ["drwxr-xr-x", "0/0", "0"]);
    assert_eq!(lines[1][..3], ["-rw-r--r--", "4000000000/3000000", "1"]);
    assert_eq!(lines[2][..3], ["crw-r--r--", "0/0", "1,3"]);
}

#[test]
fn we_read_what_gnu_tar_writes() {
    let tree = demanding_tree();
    let host = tempfile::tempdir().unwrap();
    let out = host.path().join("out");
    fs_err::create_dir(&out).unwrap();
    directory::write(&tree, &out, Options { owners: Owners::Apply, devices: Devices::Make })
        .unwrap();
    for format in ["gnu", "posix", "oldgnu"] {
        let archive = host.path().join(format);
        let mut command = gnu_tar();
        command.arg(format!("--format={format}")).arg("--numeric-owner");
        if format == "posix" {
            command.args(["--xattrs", "--xattrs-include=user.*"]);
        }
        run(command.arg("-C").arg(&out).arg("-cf").arg(&archive).arg("."));
        let read = Tree::from_entries(read_spans(&archive.into()).unwrap()).unwrap();
        let mut expected = tree.clone();
        if format != "posix" {
            for (_, meta) in expected.metas_mut() {
                meta.mtime.nanoseconds = 0;
                meta.xattrs.clear();
            }
        }
        assert_eq!(compare(&expected, &read).unwrap(), [], "{format}");
    }
}

#[test]
fn the_tar_crate_reads_what_we_write() {
    let tree = demanding_tree();
    let bytes = written(&tree);
    let mut archive = tar::Archive::new(bytes.as_slice());
    let mut found = BTreeMap::new();
    for entry in archive.entries().unwrap() {
        let mut entry = entry.unwrap();
        let mut content = Vec::new();
        entry.read_to_end(&mut content).unwrap();
        let path = GuestPath::new(entry.path_bytes()).unwrap();
        let link = entry.link_name_bytes().map(|link| link.into_owned());
        found.insert(path, (content, link));
    }
    assert_eq!(found.len(), tree.len());
    for (path, Node { kind, .. }) in &tree {
        let (content, link) = &found[path];
        match kind {
            Kind::File(expected) => assert_eq!(*content, expected.read(1 << 20).unwrap()),
            Kind::Symlink(target) => assert_eq!(link.as_deref(), Some(&target[..])),
            Kind::HardLink(target) => {
                assert_eq!(GuestPath::new(link.as_ref().unwrap()).unwrap(), *target);
            }
            _ => assert!(content.is_empty()),
        }
    }
}

#[test]
fn we_read_what_the_tar_crate_writes() {
    let long = "long/".repeat(60);
    let mut builder = tar::Builder::new(Vec::new());
    let mut header = tar::Header::new_gnu();
    header.set_size(3);
    header.set_uid(4_000_000_000);
    builder.append_data(&mut header, Path::new(&long).join("file"), &b"abc"[..]).unwrap();
    let bytes = builder.into_inner().unwrap();
    let host = tempfile::tempdir().unwrap();
    let archive = host.path().join("archive.tar");
    fs_err::write(&archive, bytes).unwrap();
    let members = read_spans(&archive.into()).unwrap();
    assert_eq!(members[0].0, GuestPath::new(long).unwrap().join("file").unwrap());
    assert_eq!(members[0].1.meta.uid, 4_000_000_000);
    let Kind::File(content) = &members[0].1.kind else { panic!("not a file") };
    assert_eq!(content.read(3).unwrap(), b"abc");
}
