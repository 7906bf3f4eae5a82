//! The guest that mmdebstrap and initramfs-tools make, in the same machine as ours.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use test_support::{Mirror, is_root, needs, skip};

use super::artifacts::Artifacts;
use super::compared::Comparison;
use super::machine::{Files, boot, value};

const RELEASE: &str = "bookworm";
const PACKAGES: &str = "linux-image-cloud-amd64,initramfs-tools,zstd,systemd-sysv,udev,kmod,dbus";
/// The agent's port needs a driver that initramfs-tools does not take along by itself.
const HOOKS: [&str; 2] = [
    "--customize-hook=echo virtio_console >>\"$1/etc/initramfs-tools/modules\"",
    "--customize-hook=chroot \"$1\" update-initramfs -u",
];
const GOAL: f64 = 0.5;
/// Our boot initrd knows its root by itself; that of initramfs-tools is told.
const ROOT: [&str; 2] = ["--append", "root=/dev/vda1 rw"];

/// The agent's two places: how the table calls each, our artifact, and how theirs gets the agent.
const PAIRS: [(&str, &str, &str); 2] =
    [("agent as init", "ext4", "--agent-init"), ("systemd", "ext4-systemd", "--agent=osb-agent")];

/// Their kernel, initrd and modules.
struct Theirs {
    kernel: PathBuf,
    initrd: PathBuf,
    modules: PathBuf,
}

/// Boots each pair in turn, and prints what was reached.
pub fn compare(artifacts: &Artifacts, rounds: usize) {
    if !needs(&[("mmdebstrap", "mmdebstrap"), ("tar", "tar")]) {
        return;
    }
    if !is_root() {
        skip("mmdebstrap runs as root here");
        return;
    }
    let Some(mirror) = Mirror::of_this_machine() else { return };
    let theirs = make(artifacts, &mirror);
    for (name, ours, agent) in PAIRS {
        let image = artifacts.directory().join(format!("theirs-{ours}.img"));
        let mut command = artifacts.osb(&["image", "-q", "--rootfs", "theirs.tar", agent, "-o"]);
        run(command.arg(&image));
        let ours = artifacts.directory().join(format!("{ours}.img"));
        let line = printed(artifacts, &theirs, &ours);
        let parameters = value(&line, "-append");
        let initrd = PathBuf::from(value(&line, "-initrd"));
        let ours = Files { kernel: theirs.kernel.clone(), initrd, disk: ours };
        let (kernel, initrd) = (theirs.kernel.clone(), theirs.initrd.clone());
        let peers = Files { kernel, initrd, disk: image };
        let mut guest = Comparison::new(format!("{name}, in the guest's clock"), GOAL);
        let mut wall = Comparison::new(format!("{name}, wall time"), GOAL);
        for round in 1..=rounds {
            let (peer, osb) = (boot(&peers, parameters), boot(&ours, parameters));
            eprintln!("round {round} of {rounds}: {name} {:.2} s, {:.2} s", peer.wall, osb.wall);
            guest.add(peer.guest, osb.guest);
            wall.add(peer.wall, osb.wall);
        }
        println!("{}", guest.text("mmdebstrap and initramfs-tools"));
        println!("{}", wall.text("mmdebstrap and initramfs-tools"));
    }
}

/// Builds their tree, and takes the kernel's files out of it.
fn make(artifacts: &Artifacts, mirror: &Mirror) -> Theirs {
    let directory = artifacts.directory();
    let sources = directory.join("sources.list");
    fs::write(&sources, mirror.lines(RELEASE)).unwrap();
    let tar = directory.join("theirs.tar");
    let mut command = Command::new("mmdebstrap");
    command.args(["--variant=minbase", "--quiet", "--include", PACKAGES]).args(HOOKS);
    run(command.arg(RELEASE).arg(&tar).arg(sources));
    let place = directory.join("theirs");
    fs::create_dir(&place).unwrap();
    let mut command = Command::new("tar");
    run(command.arg("-xf").arg(tar).arg("-C").arg(&place).args(["./boot", "./usr/lib/modules"]));
    fs::write(directory.join("osb-agent"), agent_program::program("x86_64").unwrap()).unwrap();
    let (boot, modules) = (place.join("boot"), place.join("usr/lib/modules"));
    Theirs {
        kernel: only(&boot, "vmlinuz-"),
        initrd: only(&boot, "initrd.img-"),
        modules: only(&modules, ""),
    }
}

/// The command line by which osb would boot ours with their kernel.
fn printed(artifacts: &Artifacts, theirs: &Theirs, image: &Path) -> String {
    let mut command = artifacts.osb(&["run", "-q", "--print", "--accel", "tcg"]);
    command.args(ROOT).arg("--kernel").arg(&theirs.kernel);
    command.arg("--modules").arg(&theirs.modules).arg(image);
    let output = command.stdout(std::process::Stdio::piped()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// The only entry of a directory whose name begins so.
pub fn only(directory: &Path, start: &str) -> PathBuf {
    let names = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    let begins = |path: &PathBuf| path.file_name().unwrap().to_string_lossy().starts_with(start);
    names.filter(begins).min().expect("the file is there")
}

/// Runs something that is not timed.
pub fn run(command: &mut Command) {
    let output = command.stdin(std::process::Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {}\n{said}", output.status);
}
