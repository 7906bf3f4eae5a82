//! What we make of a real kernel's modules is what depmod makes, and modprobe reads it.

#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods, clippy::disallowed_types)]

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;

use kernel_modules::{Options, Release, facts, install};
use test_support::{needs, skip};
use tree::directory::{Devices, Owners};
use tree::{GuestPath, Kind, Meta, Node, Timestamp, Tree};

const KMOD: [(&str, &str); 2] = [("depmod", "kmod"), ("modprobe", "kmod")];
const TOOLS: [(&str, &str); 2] = [("apt-get", "apt"), ("dpkg-deb", "dpkg")];
const PACKAGE: &str = "linux-image-cloud-amd64";
const INDEXES: [&str; 10] = [
    "modules.dep",
    "modules.dep.bin",
    "modules.alias",
    "modules.alias.bin",
    "modules.symbols",
    "modules.symbols.bin",
    "modules.softdep",
    "modules.devname",
    "modules.builtin.bin",
    "modules.builtin.alias.bin",
];
const OPTIONS: Options = Options {
    mtime: Timestamp { seconds: 1_700_000_000, nanoseconds: 0 },
    threads: NonZeroUsize::new(3).unwrap(),
};

#[test]
fn indexes_are_those_of_depmod() {
    let Some(release) = real() else { return };
    let host = Host::with_all(&release);
    host.check();
}

#[test]
fn compressed_modules_are_read() {
    if !needs(&[("xz", "xz-utils"), ("zstd", "zstd")]) {
        return;
    }
    let Some(release) = real() else { return };
    let host = Host::with_all(&release);
    host.compress("drivers/net", "xz --check=crc32 -1");
    host.compress("fs", "zstd -q -1 --rm");
    host.check();
}

#[test]
fn any_number_of_threads_gives_the_same_tree() {
    let Some(release) = real() else { return };
    let trees = [1, 2, 9].map(|threads| {
        let threads = NonZeroUsize::new(threads).unwrap();
        let mut tree = Tree::new();
        install(&mut tree, &release, &Options { threads, ..OPTIONS }).unwrap();
        tree
    });
    assert!(trees[0] == trees[1] && trees[1] == trees[2]);
}

#[test]
fn modules_compressed_with_gzip_are_read() {
    // Not every depmod can do that, so the text without paths is compared with ours.
    let Some(release) = real() else { return };
    let host = Host::with_all(&release);
    let aliases = |tree: &Tree| {
        let place = path(&format!("lib/modules/{}/modules.alias", host.name));
        let Kind::File(content) = &tree.get(&place).unwrap().kind else { panic!() };
        content.read(1 << 28).unwrap()
    };
    let plain = aliases(&host.installed());
    host.compress("fs", "gzip -1");
    assert!(aliases(&host.installed()) == plain);
}

#[test]
fn modules_below_updates_count_more() {
    let Some(release) = real() else { return };
    let host = Host::with_all(&release);
    let (from, to) = (host.modules().join("kernel/fs/fat"), host.modules().join("updates/dkms"));
    fs::create_dir_all(&to).unwrap();
    fs::copy(from.join("vfat.ko"), to.join("vfat.ko")).unwrap();
    fs::copy(from.join("fat.ko"), to.join("only-here.ko")).unwrap();
    fs::remove_file(from.join("fat.ko")).unwrap();
    host.check();
}

#[test]
fn modprobe_finds_what_depmod_would_have_it_find() {
    let Some(release) = real() else { return };
    let host = Host::with_all(&release);
    let ours = tempfile::tempdir().unwrap();
    let tree = host.installed();
    let options = tree::directory::Options { owners: Owners::Skip, devices: Devices::Skip };
    tree::directory::write(&tree, ours.path(), options).unwrap();
    host.depmod();
    let ask = |root: &Path, name: &str| {
        let mut modprobe = administrative("modprobe");
        modprobe.arg("-d").arg(root).args(["-S", &release.name, "--show-depends", name]);
        let output = modprobe.output().unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        (output.status.success(), text.replace(root.to_str().unwrap(), ""))
    };
    for name in [
        "virtio_net",
        "xt_conntrack",
        "nf-tables",
        "btrfs",
        "fs-vfat",
        "symbol:fat_attach",
        "net-pf-40",
        "char-major-10-200",
        "virtio:d00000001v00001AF4",
        "pci:v00001AF4d00001000sv00001AF4sd00000001bc02sc00i00",
        "ext4",
        "unix",
        "no_such_module",
    ] {
        assert_eq!(ask(ours.path(), name), ask(host.root.path(), name), "{name}");
    }
    assert!(ask(ours.path(), "btrfs").1.contains("insmod"));
}

#[test]
fn modules_go_where_the_guest_looks_for_them() {
    let Some(release) = real() else { return };
    let host = Host::with_all(&release);
    let mut merged = Tree::new();
    let link = Kind::Symlink(b"usr/lib".as_slice().into());
    merged.insert(path("lib"), Node { meta: Meta::default(), kind: link }).unwrap();
    let name = &release.name;
    let old = path(&format!("usr/lib/modules/{name}/kernel/old.ko"));
    let node = Node { meta: Meta::default(), kind: Kind::File(Vec::new().into()) };
    merged.insert(old.clone(), node).unwrap();
    let count = install(&mut merged, &host.release(), &OPTIONS).unwrap().modules;
    assert!(count > 1000, "{count}");
    assert_eq!(merged.get(&old), None);
    let index = merged.get(&path(&format!("usr/lib/modules/{name}/modules.dep"))).unwrap();
    assert_eq!((index.meta.mode, index.meta.uid, index.meta.mtime), (0o644, 0, OPTIONS.mtime));
    let plain = host.installed();
    assert!(plain.get(&path(&format!("lib/modules/{name}/modules.dep"))).is_some());
    assert_eq!(plain.get(&path(&format!("lib/modules/{name}/build"))), None);
}

#[test]
fn damaged_modules_are_refused_by_name() {
    let Some(release) = real() else { return };
    let host = Host::with_all(&release);
    let module = host.modules().join("kernel/fs/fat/fat.ko");
    let good = fs::read(&module).unwrap();
    fs::write(&module, &good[..good.len() / 2]).unwrap();
    let error = install(&mut Tree::new(), &host.release(), &OPTIONS).unwrap_err().to_string();
    assert!(error.ends_with("kernel/fs/fat/fat.ko is no sound kernel module"), "{error}");
    let mut state = 9u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as usize
    };
    for round in 0..2000 {
        let mut changed = good.clone();
        for _ in 0..8 {
            // The header, the names and tables at the end, or anything.
            let places = [64, good.len(), good.len()];
            let place = next() % places[round % 3];
            let place = if round % 3 == 1 { good.len() - 1 - place % 8192 } else { place };
            changed[place] = next() as u8;
        }
        let _ = facts(&changed);
    }
}

fn path(text: &str) -> GuestPath {
    GuestPath::new(text).unwrap()
}

/// A program that may not be on every user's search path.
fn administrative(program: &str) -> Command {
    let places = ["/usr/sbin", "/sbin"].map(|place| Path::new(place).join(program));
    let found = places.into_iter().find(|place| place.is_file());
    Command::new(found.unwrap_or(program.into()))
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
}

/// A copy of a kernel's modules below a root of their own.
struct Host {
    root: tempfile::TempDir,
    name: String,
}

impl Host {
    fn with_all(release: &Release) -> Self {
        let host = Self { root: tempfile::tempdir().unwrap(), name: release.name.clone() };
        fs::create_dir_all(host.root.path().join("lib/modules")).unwrap();
        run(Command::new("cp").arg("-a").arg(&release.directory).arg(host.modules()));
        std::os::unix::fs::symlink("/usr/src/linux", host.modules().join("build")).unwrap();
        host
    }

    fn modules(&self) -> PathBuf {
        self.root.path().join("lib/modules").join(&self.name)
    }

    /// Runs a program over the modules below a directory.
    fn compress(&self, below: &str, program: &str) {
        let script = format!("find . -name '*.ko' | xargs {program}");
        let below = self.modules().join("kernel").join(below);
        run(Command::new("sh").current_dir(below).args(["-c", &script]));
    }

    fn release(&self) -> Release {
        Release::find(self.root.path()).unwrap()
    }

    fn installed(&self) -> Tree {
        let mut tree = Tree::new();
        install(&mut tree, &self.release(), &OPTIONS).unwrap();
        tree
    }

    fn depmod(&self) {
        // Without a configuration of this machine.
        let mut depmod = administrative("depmod");
        let empty = tempfile::tempdir().unwrap();
        run(depmod.arg("-C").arg(empty.path()).arg("-b").arg(self.root.path()).arg(&self.name));
    }

    /// Fails unless our indexes are depmod's.
    fn check(&self) {
        let tree = self.installed();
        self.depmod();
        let mut differ = BTreeMap::new();
        for name in INDEXES {
            let place = path(&format!("lib/modules/{}/{name}", self.name));
            let Kind::File(ours) = &tree.get(&place).unwrap().kind else { panic!("{name}") };
            let ours = ours.read(1 << 28).unwrap();
            let theirs = fs::read(self.modules().join(name)).unwrap();
            if ours != theirs {
                differ.insert(name, (ours.len(), theirs.len()));
            }
        }
        assert!(differ.is_empty(), "{differ:?}");
    }
}

/// A kernel's modules from where this machine's apt gets its packages, kept for the next run.
fn real() -> Option<Release> {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock();
    if !needs(&KMOD) || !needs(&TOOLS) {
        return None;
    }
    let store = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kernel");
    if let Ok(release) = Release::find(&store) {
        return Some(release);
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
    Some(Release::find(&store).unwrap())
}
