//! What the tests boot: a tree of one program, and images that are made once.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use test_support::{Osb, Outcome, needs, warm_cache};
use tree::{Content, GuestPath, Kind, Meta, Node, Timestamp, Tree};

/// What a guest may take in seconds, on a machine that does much else.
const PATIENCE: &str = "300";

/// The commands of a guest that has nothing but busybox.
const APPLETS: [&str; 21] = [
    "cat",
    "dd",
    "df",
    "dmesg",
    "echo",
    "httpd",
    "id",
    "kill",
    "ls",
    "mkdir",
    "modprobe",
    "mount",
    "pwd",
    "sh",
    "sha256sum",
    "sleep",
    "stty",
    "sync",
    "touch",
    "true",
    "uname",
];

/// Tells osb whose kernel the guest wants.
const OS_RELEASE: &str = "ID=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\n";

/// Whether this machine can boot the small guest.
#[must_use]
pub fn can_boot() -> bool {
    needs(&[("qemu-system-x86_64", "qemu-system-x86"), ("busybox", "busybox-static")])
}

/// The command, with the cache that all tests share.
pub fn osb() -> Osb {
    Osb::new(env!("CARGO_BIN_EXE_osb")).cache(warm_cache())
}

/// The words of `osb run` by emulation, with an end.
pub fn words(artifact: &Path, flags: &[&str], command: &[&str]) -> Vec<OsString> {
    let usual = ["run", "--accel", "tcg", "--boot-timeout", PATIENCE];
    let end: &[&str] = if flags.contains(&"--timeout") { &[] } else { &["--timeout", PATIENCE] };
    let mut words: Vec<OsString> = [&usual, end, flags].concat().iter().map(Into::into).collect();
    words.push(artifact.into());
    if !command.is_empty() {
        words.push("--".into());
        words.extend(command.iter().map(Into::into));
    }
    words
}

/// Boots, and runs a script in the guest.
pub fn boot(artifact: &Path, flags: &[&str], script: &str) -> Outcome {
    osb().run(words(artifact, flags, &["sh", "-c", script]))
}

fn put(tree: &mut Tree, path: &str, kind: Kind) {
    let mode = if matches!(kind, Kind::File(_)) && path.starts_with("etc") { 0o644 } else { 0o755 };
    let mtime = Timestamp::from_seconds(1_700_000_000);
    let meta = Meta { mode, mtime, ..Meta::default() };
    tree.insert(GuestPath::new(path).unwrap(), Node { meta, kind }).unwrap();
}

fn file(bytes: impl Into<Vec<u8>>) -> Kind {
    Kind::File(Content::from(bytes.into()))
}

/// A guest of one program; everything in it comes from this machine's busybox.
pub fn small() -> Tree {
    let places = ["/usr/bin/busybox", "/bin/busybox"].map(Path::new);
    let program = places.into_iter().find(|place| place.is_file()).unwrap();
    let mut tree = Tree::new();
    put(&mut tree, "bin/busybox", file(fs::read(program).unwrap()));
    for applet in APPLETS {
        let link = Kind::Symlink(b"busybox".as_slice().into());
        put(&mut tree, &format!("bin/{applet}"), link);
    }
    for directory in ["dev", "home", "mnt", "proc", "root", "run", "sbin", "sys", "tmp"] {
        put(&mut tree, directory, Kind::Directory);
    }
    put(&mut tree, "etc/os-release", file(OS_RELEASE));
    put(&mut tree, "etc/passwd", file("root:x:0:0::/root:/bin/sh\nguest:x:7:8::/home:/bin/sh\n"));
    put(&mut tree, "etc/group", file("root:x:0:\nguest:x:8:\n"));
    tree
}

/// Writes a tree as an archive for `--rootfs`.
pub fn archive(tree: &Tree, path: &Path) {
    let mut bytes = Vec::new();
    tree::tar::write(tree, &mut bytes).unwrap();
    fs::write(path, bytes).unwrap();
}

/// Where artifacts of all tests are, until the next run makes them anew.
fn shelf() -> PathBuf {
    let shelf = Path::new(env!("CARGO_TARGET_TMPDIR")).join("boots");
    fs::create_dir_all(&shelf).unwrap();
    shelf
}

/// Makes an artifact of packages.
pub fn make(name: &str, arguments: &[&str]) -> PathBuf {
    let path = shelf().join(name);
    drop(fs::remove_file(&path));
    let output = ["--output", path.to_str().unwrap()];
    osb().run(arguments.iter().chain(&output)).succeeds();
    path
}

/// Makes an artifact of the small guest.
pub fn make_small(name: &str, kind: &str, flags: &[&str]) -> PathBuf {
    let source = shelf().join(format!("{name}.tar"));
    archive(&small(), &source);
    let usual = [kind, "--rootfs", source.to_str().unwrap(), "--agent-init"];
    make(name, &[&usual, flags].concat())
}

/// The small guest on a disk that can be written to.
pub static SMALL: LazyLock<PathBuf> =
    LazyLock::new(|| make_small("small.img", "image", &["--free-space", "64M"]));

/// Debian with the agent as its init.
pub static DEBIAN: LazyLock<PathBuf> = LazyLock::new(|| {
    make("debian.img", &["image", "--release", "bookworm", "--profile", "minimal", "--agent-init"])
});

/// Debian with systemd, which starts the agent.
pub static SYSTEMD: LazyLock<PathBuf> = LazyLock::new(|| {
    make(
        "systemd.img",
        &["image", "--release", "bookworm", "--profile", "minimal", "--package", "systemd-sysv"],
    )
});

/// Waits for systemd to have started everything, and tells what became of it.
pub const STATE: &str = "systemctl is-system-running --wait; \
                         systemctl list-units --failed --no-legend; \
                         systemctl is-active osb-agent; cat /proc/1/comm; uname -r; exit 0";

/// Insists that everything has started, by what `STATE` said.
#[track_caller]
pub fn assert_runs(said: &str, kernel: &str) {
    let lines: Vec<&str> = said.lines().collect();
    let [state, agent, init, release] = lines[..] else { panic!("{said}") };
    assert_eq!([state, agent, init], ["running", "active", "systemd"]);
    assert!(release.starts_with(kernel), "{said}");
}
