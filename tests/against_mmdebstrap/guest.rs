//! Asks the guest's own package tools, inside the guest, whether they like what they find.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use test_support::{is_root, needs, skip};

use super::builds::Set;

/// Mounts vanish with the namespace, so that nothing is left on the machine whatever happens.
const ENTER: &str = r#"
mount -t proc proc "$0/proc"
exec chroot "$0" "$@"
"#;

/// Whether this machine lets the test into a guest; says so if not.
pub fn can_enter() -> bool {
    let tools = [("unshare", "util-linux"), ("chroot", "coreutils"), ("tar", "tar")];
    if !is_root() {
        skip("entering a guest needs root");
    }
    is_root() && needs(&tools)
}

/// Unpacks a tar by a program that is not ours, and lets the guest's tools judge it.
pub fn check(archive: &Path, set: &Set, sources: &str) {
    let root = tempfile::tempdir().unwrap();
    let root = root.path();
    let options = ["--numeric-owner", "--xattrs", "--xattrs-include=*", "-xpf"];
    let unpacked = Command::new("tar").args(options).arg(archive).arg("-C").arg(root).output();
    succeeds(unpacked.unwrap(), "tar");
    for silent in [["dpkg", "--audit"], ["dpkg", "--verify"]] {
        let said = succeeds(run(root, &silent), &silent.join(" "));
        assert!(said.is_empty(), "{set}: {silent:?} found something wrong:\n{said}");
    }
    succeeds(run(root, &["apt-get", "check"]), "apt-get check");

    // What the guest reaches the world with is the host's.
    let resolver = root.join("etc/resolv.conf");
    drop(fs::remove_file(&resolver));
    fs::copy("/etc/resolv.conf", resolver).unwrap();
    fs::write(root.join("etc/apt/sources.list"), sources).unwrap();
    let expiry: &[&str] =
        if set.may_be_expired() { &["-o", "Acquire::Check-Valid-Until=false"] } else { &[] };
    let install = ["install", "--yes", "--no-install-recommends", "hello"];
    for request in [&["update", "--error-on=any"][..], &install] {
        let command = [&["apt-get"], expiry, request].concat();
        succeeds(run(root, &command), &format!("{set}: {command:?}"));
    }
    assert_eq!(succeeds(run(root, &["hello"]), "hello"), "Hello, world!\n");
}

fn run(root: &Path, command: &[&str]) -> Output {
    Command::new("unshare")
        .args(["--mount", "--pid", "--fork", "--kill-child", "sh", "-ec", ENTER])
        .arg(root)
        .args(command)
        .env_clear()
        .env("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
        .env("DEBIAN_FRONTEND", "noninteractive")
        .output()
        .unwrap()
}

fn succeeds(output: Output, what: &str) -> String {
    let stdout = String::from_utf8_lossy(&output.stdout);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{what}: {}\n{stdout}{stderr}", output.status);
    stdout.into_owned()
}
