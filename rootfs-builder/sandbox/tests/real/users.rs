//! Ordinary users for tests that root runs: they exist in the test's own mounts only.

use std::path::Path;
use std::process::{Command, Output};

use crate::harness::Guest;

/// The number of the test's user.
pub const USER: u32 = 4242;

/// Runs this program as an ordinary user, with or without subordinate ids.
///
/// The guest's directory becomes the user's.
pub fn run_as_user(guest: &Guest, has_ids: bool, words: &[&str]) -> Output {
    let (mut command, _etc) = as_user(guest, has_ids, words);
    command.output().unwrap()
}

/// Returns what [`run_as_user`] runs; the guest is to be kept until it has started.
pub fn as_user(guest: &Guest, has_ids: bool, words: &[&str]) -> (Command, Guest) {
    let etc = Guest::new(&format!("{}-etc", words.join("-").replace('/', "-")));
    let user = format!("osbtest:x:{USER}:{USER}::/:/bin/sh\nroot:x:0:0::/root:/bin/sh\n");
    let ids = if has_ids { "osbtest:1000000:65536\n" } else { "" };
    for (name, text) in [("passwd", user.as_str()), ("subuid", ids), ("subgid", ids)] {
        std::fs::write(etc.path(name), text).unwrap();
    }
    give_to_user(&guest.root);
    let script = "set -e; for file in passwd subuid subgid; do \
                  [ -e /etc/$file ] || : > /etc/$file; \
                  mount --bind \"$1/$file\" /etc/$file; done; \
                  user=$2; shift 2; \
                  exec setpriv --reuid=$user --regid=$user --clear-groups -- \"$@\"";
    let mut command = Command::new("unshare");
    command
        .args(["--mount", "--propagation", "private", "sh", "-c", script, "sh"])
        .args([etc.root.to_str().unwrap(), &USER.to_string()])
        .arg(guest.path("tool"))
        .args(words);
    (command, etc)
}

fn give_to_user(path: &Path) {
    std::os::unix::fs::lchown(path, Some(USER), Some(USER)).unwrap();
    if path.is_dir() {
        std::fs::read_dir(path).unwrap().for_each(|entry| give_to_user(&entry.unwrap().path()));
    }
}
