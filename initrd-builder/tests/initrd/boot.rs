//! The kernel unpacks each compression, and the guest tells what it found.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

use initrd_builder::{Archive, Compression, Init, put_init};
use test_support::{needs, noise, skip};
use tree::{Kind, Timestamp, Tree};

use super::made::{file, options, path, put};

const TOOLS: [(&str, &str); 4] = [
    ("qemu-system-x86_64", "qemu-system-x86"),
    ("busybox", "busybox-static"),
    ("apt-get", "apt"),
    ("dpkg-deb", "dpkg"),
];
const PACKAGE: &str = "linux-image-cloud-amd64";
const DONE: &str = "that is all";

/// Lists everything but the terminals that the kernel adds, in a form that a tree has too.
const SCRIPT: &str = "#!/bin/busybox sh\n\
    busybox find / -xdev | busybox sort | while read name; do\n\
    busybox stat -c '=%n %a %u %g %h %s %t:%T %F' \"$name\"; done\n\
    busybox md5sum /etc/noise /usr/twin /etc/text | busybox sed s/^/=/\n\
    busybox readlink /etc/link | busybox sed s/^/=/\n\
    echo that is all\n\
    busybox poweroff -f\n";

#[test]
fn boot_zstd() {
    check(Compression::Zstd);
}

#[test]
fn boot_gzip() {
    check(Compression::Gzip);
}

#[test]
fn boot_xz() {
    check(Compression::Xz);
}

#[test]
fn boot_lz4() {
    check(Compression::Lz4);
}

#[test]
fn boot_none() {
    check(Compression::None);
}

fn check(compression: Compression) {
    if !needs(&TOOLS) {
        return;
    }
    let Some(kernel) = kernel() else { return };
    let host = tempfile::tempdir().unwrap();
    let mut base = guest();
    put_init(&mut base, Init::Agent, Timestamp::default()).unwrap();
    let (mut early, mut overlay) = (Tree::new(), Tree::new());
    put(&mut early, "kernel/x86/microcode/None.bin", 0o644, file("microcode"));
    put(&mut overlay, "etc/overlaid", 0o604, file("new content"));
    // The root of a later archive counts, too.
    *overlay.meta_mut(&path("")).unwrap() = base.inode(&path("")).unwrap().meta.clone();
    let archives = [(&early, Compression::None), (&base, compression), (&overlay, compression)];
    let archives =
        archives.map(|(tree, compression)| Archive { tree, compressor: compression.into() });
    let place = host.path().join("initrd");
    let mut output = fs::File::create(&place).unwrap();
    initrd_builder::write(&archives, &options(2), &mut output).unwrap();
    let said = boot(&kernel, &place);
    assert!(said.contains(DONE), "{compression}:\n{said}");
    let lines: Vec<&str> = said.lines().filter_map(|line| line.trim().strip_prefix('=')).collect();
    for expected in [
        "/etc/noise 644 0 0 2 300000 0:0 regular file",
        "/usr/twin 644 0 0 2 300000 0:0 regular file",
        "/etc/text 4711 70000 8 1 12 0:0 regular file",
        "/etc/link 777 0 0 1 4 0:0 symbolic link",
        "/etc/none 400 0 0 1 0 0:0 regular empty file",
        "/etc/overlaid 604 0 0 1 11 0:0 regular file",
        "/dev/console 600 0 0 1 0 5:1 character special file",
        "/dev/block 660 0 6 1 0 8:1 block special file",
        "/dev/pipe 644 0 0 1 0 0:0 fifo",
        "/kernel/x86/microcode/None.bin 644 0 0 1 9 0:0 regular file",
        "/init 777 0 0 1 10 0:0 symbolic link",
        "text",
    ] {
        assert!(lines.contains(&expected), "{compression}: no {expected:?} in\n{said}");
    }
    for expected in ["/ 751 5 6 ", "/etc/empty 700 0 0 2 "] {
        let is_there = lines.iter().any(|line| line.starts_with(expected));
        assert!(is_there, "{compression}: no {expected:?} in\n{said}");
    }
    let sums: Vec<_> = lines.iter().filter(|line| line.contains("  /")).collect();
    assert_eq!(sums[0][..32], sums[1][..32]);
    assert_eq!(sums[2][..32], *"6f5902ac237024bdd0c176cb93063dc4");
}

fn guest() -> Tree {
    let mut tree = Tree::new();
    let busybox = ["/bin/busybox", "/usr/bin/busybox"].map(Path::new);
    let busybox = busybox.into_iter().find(|place| place.is_file()).unwrap();
    put(&mut tree, "bin/busybox", 0o755, file(fs::read(busybox).unwrap()));
    put(&mut tree, "sbin/init", 0o755, file(SCRIPT));
    put(&mut tree, "etc/noise", 0o644, file(noise(8, 300_000)));
    put(&mut tree, "usr/twin", 0o644, Kind::HardLink(path("etc/noise")));
    put(&mut tree, "etc/text", 0o4711, file("hello world\n"));
    put(&mut tree, "etc/overlaid", 0o777, file("old"));
    put(&mut tree, "etc/link", 0o777, Kind::Symlink(b"text".as_slice().into()));
    put(&mut tree, "etc/empty", 0o700, Kind::Directory);
    put(&mut tree, "etc/none", 0o400, file(""));
    put(&mut tree, "dev/console", 0o600, Kind::CharDevice { major: 5, minor: 1 });
    put(&mut tree, "dev/block", 0o660, Kind::BlockDevice { major: 8, minor: 1 });
    put(&mut tree, "dev/pipe", 0o644, Kind::Fifo);
    let text = tree.meta_mut(&path("etc/text")).unwrap();
    (text.uid, text.gid) = (70_000, 8);
    tree.meta_mut(&path("dev/block")).unwrap().gid = 6;
    let root = tree.meta_mut(&path("")).unwrap();
    (root.mode, root.uid, root.gid) = (0o751, 5, 6);
    tree
}

/// Runs a guest without hardware help until it is off; what it said.
fn boot(kernel: &Path, initrd: &Path) -> String {
    let arguments = "-accel tcg -m 512 -nodefaults -display none -serial stdio -no-reboot -append";
    let mut qemu = Command::new("timeout");
    qemu.args(["120", "qemu-system-x86_64"]).args(arguments.split(' '));
    qemu.arg("console=ttyS0 quiet panic=-1 rdinit=/init").stdin(Stdio::null());
    let output = qemu.arg("-kernel").arg(kernel).arg("-initrd").arg(initrd).output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    format!("{}{errors}", String::from_utf8_lossy(&output.stdout))
}

/// A kernel from where this machine's apt gets its packages, kept for the next run.
pub fn kernel() -> Option<PathBuf> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock();
    let store = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kernel");
    let find = || {
        let files = fs::read_dir(store.join("boot")).ok()?.flatten().map(|entry| entry.path());
        files.into_iter().find(|file| file.to_string_lossy().contains("vmlinuz"))
    };
    if let Some(kernel) = find() {
        return Some(kernel);
    }
    let download = tempfile::tempdir().unwrap();
    let script = format!(
        "set -e; real=$(apt-cache depends {PACKAGE} | sed -n 's/ *Depends: \\(linux-image-\\)/\\1/p'); \
         apt-get -q download \"$real\"; mkdir -p \"$1\"; dpkg-deb -x \"$real\"_*.deb \"$1\""
    );
    let mut shell = Command::new("sh");
    let output = shell.current_dir(&download).args(["-c", &script, "sh"]).arg(&store).output();
    if !output.unwrap().status.success() {
        skip(&format!("apt-get cannot download {PACKAGE} here"));
        return None;
    }
    find()
}
