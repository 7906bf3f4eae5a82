//! The agent that comes into a guest: osb's own, one that is given, one that is built, or none.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use test_support::{Osb, Outcome, needs};
use tree::{Content, GuestPath, Kind, Meta, Node, Timestamp, Tree};

use crate::made::{Target, suite};

/// Programs that stand in for systemd need only be there.
const SYSTEMD: &str = "usr/lib/systemd/systemd";
const RECORD: &str = "var/lib/osbuilder/osbuilder.yaml";

fn guest() -> Osb {
    let mut tree = Tree::new();
    let mut put = |path: &str, mode: u16, kind: Kind| {
        let mtime = Timestamp::from_seconds(1_700_000_000);
        let meta = Meta { mode, mtime, ..Meta::default() };
        tree.insert_resolved(&GuestPath::new(path).unwrap(), Node { meta, kind }).unwrap();
    };
    put("usr/sbin", 0o755, Kind::Directory);
    put("sbin", 0o777, Kind::Symlink(b"usr/sbin".as_slice().into()));
    put(SYSTEMD, 0o755, Kind::File(Content::from(b"#!/bin/sh\n".to_vec())));
    put("sbin/init", 0o777, Kind::Symlink(b"/usr/lib/systemd/systemd".as_slice().into()));
    let osb = Osb::new(env!("CARGO_BIN_EXE_osb"));
    let mut bytes = Vec::new();
    tree::tar::write(&tree, &mut bytes).unwrap();
    fs::write(osb.directory().join("guest.tar"), bytes).unwrap();
    osb
}

/// Packs the guest as an initrd with more words.
fn pack(osb: &Osb, words: &[&str]) -> Outcome {
    let usual = ["initrd", "--rootfs", "guest.tar", "--compress", "none", "-o", "initrd"];
    osb.run(usual.iter().chain(words))
}

fn inside(osb: &Osb, path: &str) -> String {
    osb.run(["inspect", "initrd", path]).succeeds().stdout
}

fn listing(osb: &Osb) -> String {
    osb.run(["inspect", "initrd"]).succeeds().stdout
}

#[test]
fn a_tree_that_is_given_gets_an_agent_only_on_request() {
    let osb = guest();
    pack(&osb, &[]).succeeds();
    assert!(!listing(&osb).contains("osb-agent"));
    assert!(inside(&osb, RECORD).contains("agent:\n  url: \"\"\n  name: \"\"\n"));
    pack(&osb, &["--agent-init"]).succeeds();
    let record = inside(&osb, RECORD);
    assert!(record.contains("name: \"osb-agent\""), "{record}");
    assert!(record.contains("agent-is-init-daemon: \"yes\""), "{record}");
    let listing = listing(&osb);
    assert!(
        listing
            .lines()
            .any(|line| line.starts_with("file 0755 0:0") && line.contains(" /usr/sbin/init ")),
        "{listing}"
    );
}

#[test]
fn an_init_from_the_environment_is_as_good_as_the_flag() {
    let osb = guest();
    let said = |value: &str| {
        let mut command = osb.command(["initrd", "--rootfs", "guest.tar", "-o", "initrd"]);
        assert!(command.env("AGENT_INIT", value).output().unwrap().status.success());
        inside(&osb, RECORD).contains("agent-is-init-daemon: \"yes\"")
    };
    assert!(said("yes"));
    assert!(!said("no"));
}

#[test]
fn an_agent_that_is_given_is_a_service_with_its_unit() {
    if !needs(&[("cc", "gcc")]) {
        return;
    }
    let osb = guest();
    program(&osb.directory().join("kata-agent"), &["-static"]);
    pack(&osb, &["--agent", "kata-agent"]).succeeds();
    let unit = inside(&osb, "usr/lib/systemd/system/kata-agent.service");
    assert!(unit.contains("ExecStart=/usr/bin/kata-agent"), "{unit}");
    assert!(listing(&osb).contains(" /usr/lib/systemd/system/kata-containers.target "));
    let before = fs::read(osb.directory().join("initrd")).unwrap();
    fs::remove_file(osb.directory().join("initrd")).unwrap();
    pack(&osb, &["--agent", "kata-agent"]).succeeds();
    assert_eq!(fs::read(osb.directory().join("initrd")).unwrap(), before);
}

#[test]
fn an_agent_that_cannot_run_there_is_refused_with_all_that_is_missing() {
    if !needs(&[("cc", "gcc")]) {
        return;
    }
    let osb = guest();
    program(&osb.directory().join("agent"), &[]);
    let refused = pack(&osb, &["--agent", "agent"]).fails_with(2, "cannot run in this guest");
    for words in ["agent agent cannot run in this guest", "ld-linux", "libc.so.6", "hint: "] {
        assert!(refused.stderr.contains(words), "{}", refused.stderr);
    }
    let foreign = ["--agent", "agent", "--arch", "arm64"];
    pack(&osb, &foreign).fails_with(2, "cannot run in this guest");
    assert!(!osb.directory().join("initrd").exists());
}

#[test]
fn an_agent_that_osb_does_not_have_is_told_before_anything_is_fetched() {
    let target = Target::new(suite().architectures(&["armhf"]).publish());
    let words = ["--arch", "armhf", "--agent-init", "--output", "guest.img"];
    let outcome = target.osb.run(target.arguments("image", &words));
    outcome.fails_with(2, "osb has no agent of its own for arm");
    let requests = target.server.requests();
    assert!(!requests.iter().any(|request| request.path.contains("pool/")));
}

#[test]
fn sources_are_built_first_and_stay_as_they_are() {
    if !needs(&[("cc", "gcc"), ("make", "make")]) {
        return;
    }
    let osb = guest();
    let sources = osb.directory().join("sources");
    fs::create_dir(&sources).unwrap();
    fs::write(sources.join("agent.c"), "int main(void) { return 0; }\n").unwrap();
    let makefile = "all: my-agent\nmy-agent: agent.c\n\tcc -static -o $@ $<\ninstall: all\n\t\
        install -D my-agent $(DESTDIR)/usr/bin/my-agent\n";
    fs::write(sources.join("Makefile"), makefile).unwrap();
    pack(&osb, &["--agent-source", "sources", "--agent-init"]).succeeds();
    assert!(inside(&osb, RECORD).contains("name: \"my-agent\""));
    let left: Vec<_> = fs::read_dir(&sources).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
    fs::write(sources.join("agent.c"), "int main(void) { return \n").unwrap();
    pack(&osb, &["--agent-source", "sources", "--agent-init"]).fails_with(4, "agent.c");
}

#[test]
fn flags_that_contradict_each_other_are_refused() {
    let osb = guest();
    pack(&osb, &["--no-agent", "--agent-init"]).fails_with(2, "cannot be used with");
    pack(&osb, &["--agent", "a", "--agent-tarball", "b"]).fails_with(2, "cannot be used with");
    pack(&osb, &["--agent", "nowhere"]).fails_with(2, "nowhere does not exist");
}

/// A program that does nothing.
fn program(path: &Path, flags: &[&str]) {
    let source = path.with_extension("c");
    fs::write(&source, "int main(void) { return 0; }\n").unwrap();
    let status = Command::new("cc").args(flags).arg("-o").arg(path).arg(source).status().unwrap();
    assert!(status.success());
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}
