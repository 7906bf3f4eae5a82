//! virtme-ng, which boots a kernel over the files of this machine, beside `osb run` with that kernel.

use std::path::PathBuf;
use std::process::Command;

use test_support::{needs, skip};

use super::artifacts::Artifacts;
use super::compared::Comparison;
use super::initramfs::{only, run};
use super::measure::time;

const TOOLS: [(&str, &str); 6] = [
    ("vng", "python3-pip; pip install virtme-ng"),
    // Without it, virtme-ng finds no port for the command's streams.
    ("udevadm", "udev"),
    ("qemu-system-x86_64", "qemu-system-x86"),
    ("apt-get", "apt"),
    ("dpkg-deb", "dpkg"),
    ("depmod", "kmod"),
];
/// virtme-ng needs directories that are shared, which the kernel for clouds cannot do.
const PACKAGE: &str = "linux-image-amd64";
const FETCH: &str = "set -e; real=$(apt-cache depends \"$0\" | \
                     sed -n 's/ *Depends: \\(linux-image-\\)/\\1/p'); apt-get -q download \"$real\"; \
                     dpkg-deb -x \"$real\"_*.deb kernel; depmod -b kernel $(ls kernel/lib/modules)";
/// Both get the same; by themselves, each takes what suits it.
const MACHINE: [&str; 4] = ["--cpus", "1", "--memory", "512M"];
const GOAL: f64 = 1.0;

/// Runs a command in both, in turn, and prints what was reached.
pub fn compare(artifacts: &Artifacts, rounds: usize) {
    if !needs(&TOOLS) {
        return;
    }
    let Some((kernel, modules)) = kernel(artifacts) else { return };
    let theirs = || {
        let mut command = Command::new("vng");
        command.current_dir(artifacts.directory()).args(["--disable-kvm"]).args(MACHINE);
        command.arg("--run").arg(&kernel).args(["--exec", "true"]);
        command
    };
    let ours = || {
        let mut command = artifacts.osb(&["run", "-q", "--accel", "tcg"]);
        command.args(MACHINE).arg("--kernel").arg(&kernel).arg("--modules").arg(&modules);
        command.args(["ext4.img", "--", "true"]);
        command
    };
    // What each keeps for the next time is there.
    time(&mut theirs());
    time(&mut ours());
    let mut wall = Comparison::new("a command, wall time", GOAL);
    for round in 1..=rounds {
        let (peer, osb) = (time(&mut theirs()), time(&mut ours()));
        eprintln!("round {round} of {rounds}: virtme-ng {peer:.2} s, osb {osb:.2} s");
        wall.add(peer, osb);
    }
    println!("{}", wall.text("virtme-ng"));
}

/// A distribution's general kernel, and its modules with their indexes.
fn kernel(artifacts: &Artifacts) -> Option<(PathBuf, PathBuf)> {
    let directory = artifacts.directory();
    let mut shell = Command::new("sh");
    shell.current_dir(directory).args(["-c", FETCH, PACKAGE]);
    if !shell.output().unwrap().status.success() {
        skip(&format!("apt-get cannot download {PACKAGE} here"));
        return None;
    }
    let modules = only(&directory.join("kernel/lib/modules"), "");
    // A first look, where a failure is explained.
    run(Command::new("vng").arg("--version"));
    Some((only(&directory.join("kernel/boot"), "vmlinuz-"), modules))
}
