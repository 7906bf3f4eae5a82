//! Looking into artifacts of every form, made by programs that are not ours.

mod compared;
mod forms;
mod guest;
mod hostile;
mod ours;
mod taken_out;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use test_support::{Osb, Outcome};

fn osb() -> Osb {
    Osb::new(env!("CARGO_BIN_EXE_osb"))
}

/// Runs a foreign program in a directory.
#[track_caller]
fn run(directory: &Path, program: &str, arguments: &[&str]) {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(directory).env("PATH", "/usr/sbin:/sbin:/usr/bin:/bin");
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{program} {arguments:?}: {said}");
}

fn shell(directory: &Path, script: &str) {
    run(directory, "sh", &["-c", &format!("set -e; {script}")]);
}

/// A directory `guest` with a dpkg database of two packages.
fn guest(directory: &Path) -> PathBuf {
    let guest = directory.join("guest");
    let write = |path: &str, bytes: &[u8]| {
        let path = guest.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    };
    write("usr/bin/tool", &test_support::noise(1, 300_000));
    write("usr/lib/library.so", &vec![7; 70_000]);
    write("etc/os-release", b"NAME=made\n");
    write("var/cache/left", &[1; 5000]);
    write(
        "var/lib/dpkg/status",
        b"Package: library\nStatus: install ok installed\nVersion: 2.0\nArchitecture: amd64\n\
          Multi-Arch: same\n\n\
          Package: tool\nStatus: install ok installed\nVersion: 1.0\nArchitecture: all\n",
    );
    write("var/lib/dpkg/info/library:amd64.list", b"/.\n/usr\n/usr/lib\n/usr/lib/library.so\n");
    write("var/lib/dpkg/info/tool.list", b"/.\n/bin\n/bin/tool\n");
    std::os::unix::fs::symlink("usr/bin", guest.join("bin")).unwrap();
    fs::hard_link(guest.join("usr/bin/tool"), guest.join("usr/bin/also")).unwrap();
    run(directory, "find", &["guest", "-exec", "touch", "-hd", "@1700000000", "{}", "+"]);
    guest
}

fn json(outcome: &Outcome) -> serde_json::Value {
    serde_json::from_str(&outcome.stdout).unwrap()
}
