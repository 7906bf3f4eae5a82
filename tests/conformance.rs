//! One demanding tree through every format: packed by the command, read back by programs that we
//! did not write, and compared node by node.

mod archives;
mod images;
mod refused;
mod repeated;

use std::path::{Path, PathBuf};
use std::process::Command;

use test_support::{Osb, demanding, is_root, skip};
use tree::directory::{Devices, Options, Owners};
use tree::{Content, GuestPath, Kind, Meta, Node, Timestamp, Tree};

/// What any build may hold in memory.
const MEMORY_LIMIT_BYTES: u64 = 256 << 20;

/// Labels and trusted attributes of a directory on this machine are this machine's.
const OF_THE_MACHINE: [&str; 4] = ["xattrs/label", "xattrs/trusted", "xattrs/link", "xattrs/fifo"];

/// A demanding tree as the directory `given`, and what packs it.
struct Bench {
    osb: Osb,
    tree: Tree,
    /// Files with holes lie there.
    _holes: tempfile::TempDir,
}

impl Bench {
    /// The demanding tree without some of its paths; none if this user cannot make it.
    fn new(without: &[&str]) -> Option<Self> {
        if !is_root() {
            skip("owners and devices need root");
            return None;
        }
        let (osb, holes) = (Osb::new(env!("CARGO_BIN_EXE_osb")), tempfile::tempdir().unwrap());
        let mut tree = demanding(holes.path());
        for name in without.iter().chain(&OF_THE_MACHINE) {
            tree.remove(&path(name)).unwrap();
        }
        put_init(&mut tree);
        write(&tree, &osb.directory().join("given"));
        Some(Self { osb, tree, _holes: holes })
    }

    /// Packs the directory as `artifact`, or as what else its name has to be.
    #[track_caller]
    fn pack(&self, command: &str, output: &str, options: &[&str]) -> PathBuf {
        let usual = [command, "--rootfs", "given", "-o", output];
        self.osb.run(usual.iter().chain(options)).succeeds().within(MEMORY_LIMIT_BYTES);
        self.osb.directory().join(output)
    }

    /// Fails the test unless the command itself sees in the artifact what went in. Files with holes
    /// are left to other readers: to digest all of their zeros takes long.
    #[track_caller]
    fn inspect(&self, artifact: &str) {
        let tops = self.tree.iter().map(|(path, _)| path.to_string());
        for top in tops.filter(|path| path.matches('/').count() == 1 && path.len() > 1) {
            let place = top.as_str();
            if place != "/holes" {
                let arguments = ["inspect", "given", place, "--against", artifact];
                self.osb.run(arguments).succeeds().within(MEMORY_LIMIT_BYTES);
            }
        }
    }
}

/// What no guest boots without.
fn put_init(tree: &mut Tree) {
    let mtime = Timestamp::from_seconds(1_700_000_000);
    let meta = Meta { mode: 0o755, mtime, ..Meta::default() };
    let kind = Kind::File(Content::from(b"#!/bin/sh\n".to_vec()));
    tree.insert(path("sbin/init"), Node { meta, kind }).unwrap();
}

fn path(text: &str) -> GuestPath {
    GuestPath::new(text).unwrap()
}

/// Writes a tree to a new directory.
fn write(tree: &Tree, directory: &Path) {
    std::fs::create_dir(directory).unwrap();
    let options = Options { owners: Owners::Apply, devices: Devices::Make };
    tree::directory::write(tree, directory, options).unwrap();
}

/// A tree that came back, without what packing adds.
fn without_additions(mut tree: Tree) -> Tree {
    let added = [
        "lost+found",
        "init",
        "var/lib/osbuilder/osbuilder.yaml",
        "var/lib/osbuilder",
        "var/lib",
        "var",
    ];
    for name in added {
        tree.remove(&path(name));
    }
    tree
}

/// Runs a foreign program, and returns what it said.
#[track_caller]
fn said(command: &mut Command) -> String {
    command.env("PATH", "/usr/sbin:/sbin:/usr/bin:/bin").env("LC_ALL", "C");
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{command:?}: {said}");
    said
}
