//! What a real `apk` says of trees, and real packages in them.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, LazyLock};

use test_support::apk::{Key, Package, RELEASE, RealSystem, Repository};
use test_support::{Archive, Osb, Server, is_root, skip};

/// Packages that the real system lacks and profiles ask for.
fn others() -> Vec<Package> {
    let base =
        "alpine-baselayout alpine-release apk-tools busybox busybox-openrc musl-utils openrc";
    let mut packages = vec![
        Package::new("alpine-base", "3.23.6-r0").depends(base),
        Package::new("libc-utils", "0.7.2-r5").depends("musl-utils"),
        Package::new("later", "1.0-r0").depends("musl").file("usr/bin/later", "#!/bin/sh\n", 0o755),
    ];
    let stand_ins = ["bash", "iptables", "ip6tables", "libseccomp"];
    packages.extend(stand_ins.map(|name| Package::new(name, "1.0-r0").depends("musl")));
    packages
}

/// Real packages behind a mirror, signed by our key.
pub struct RealMirror {
    pub system: RealSystem,
    pub server: Arc<Server>,
    key: Key,
}

/// Made once, because it takes some seconds.
static ARCHIVE: LazyLock<Option<Archive>> = LazyLock::new(|| {
    let system = RealSystem::get()?;
    let key = key();
    let place = |component: &str| format!("alpine/{RELEASE}/{component}");
    let main = Repository::new(&place("main"), &key).packages(&system.packages());
    let main = main.packages(&others());
    Some(Archive::of([main.publish(), Repository::new(&place("community"), &key).publish()]))
});

fn key() -> Key {
    Key::new("real@example.org-1")
}

impl RealMirror {
    /// None, and a line that says so, where no real packages can be had.
    pub fn new() -> Option<Self> {
        let archive = ARCHIVE.clone()?;
        let system = RealSystem::get()?;
        Some(Self { system, server: Arc::new(Server::new(archive)), key: key() })
    }

    /// Makes an artifact of a profile; returns where it is.
    #[track_caller]
    pub fn make(&self, osb: &Osb, command: &str, more: &[&str], name: &str) -> PathBuf {
        let file = osb.directory().join(self.key.file_name());
        fs::write(&file, self.key.public_pem()).unwrap();
        let url = format!("{}/alpine", self.server.url());
        let usual = [command, "--distro", "alpine", "--release", RELEASE, "--arch", "x86_64"];
        let from = ["--mirror", &url, "--keyring", file.to_str().unwrap(), "--output", name];
        osb.run(usual.iter().chain(&from).chain(more)).succeeds();
        osb.directory().join(name)
    }
}

/// A tree as root's own files, as a guest has them.
fn unpacked(osb: &Osb, tar: &Path) -> PathBuf {
    let root = osb.directory().join("unpacked");
    fs::create_dir(&root).unwrap();
    let mut command = Command::new("tar");
    command.args(["--xattrs", "--xattrs-include=*", "--numeric-owner", "-xpf"]).arg(tar);
    assert!(command.arg("-C").arg(&root).status().unwrap().success());
    root
}

fn base(mirror: &RealMirror, osb: &Osb) -> PathBuf {
    let tar = mirror.make(osb, "rootfs", &["--profile", "base"], "out.tar");
    unpacked(osb, &tar)
}

#[test]
fn real_apk_finds_nothing_to_repair_in_a_tree() {
    let Some(mirror) = RealMirror::new() else { return };
    if !is_root() {
        return skip("unpacking a tree with its owners needs root");
    }
    let osb = Osb::new(env!("CARGO_BIN_EXE_osb"));
    let root = base(&mirror, &osb);
    let run = |arguments: &[&str]| {
        let (is_good, said) = mirror.system.run(&root, arguments);
        assert!(is_good, "{arguments:?}: {said}");
        said
    };
    let known = run(&["info"]);
    let installed = fs::read_to_string(root.join("lib/apk/db/installed")).unwrap();
    assert_eq!(known.lines().count(), installed.matches("\nP:").count());
    for name in ["busybox", "musl", "apk-tools", "alpine-keys"] {
        assert!(known.lines().any(|line| line == name), "{known}");
    }
    let owner = run(&["info", "--who-owns", "/bin/busybox"]);
    assert!(owner.contains("busybox-1.37.0-r30"), "{owner}");
    // Accounts that scripts made are the only change, as on a system that apk made.
    let changed = run(&["audit", "--system", "--check-permissions"]);
    let unexpected: Vec<_> = changed.lines().filter(|line| !line.contains(" etc/")).collect();
    assert!(unexpected.is_empty(), "{changed}");
    let before = tree_of(&root);
    run(&["--no-network", "fix"]);
    assert_eq!(tree_of(&root), before, "fix changed something");
}

/// Everything in a root but what `apk` writes at every run.
fn tree_of(root: &Path) -> Vec<String> {
    let mut command = Command::new("find");
    command.arg(root).args(["-not", "-path", "*/lib/apk/*", "-not", "-path", "*/var/cache/*"]);
    command.args(["-not", "-path", "*/var/log/*"]);
    let output = command.args(["-printf", "%P %y %m %U:%G %s %l\n"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let mut lines: Vec<_> = text.lines().map(str::to_owned).collect();
    lines.sort_unstable();
    lines
}

#[test]
fn apk_of_the_guest_adds_removes_and_fixes_with_its_own_keys() {
    let Some(mirror) = RealMirror::new() else { return };
    if !is_root() {
        return skip("entering a tree needs root");
    }
    let osb = Osb::new(env!("CARGO_BIN_EXE_osb"));
    let root = base(&mirror, &osb);
    let apk = |arguments: &[&str]| {
        let mut command = Command::new("chroot");
        let output = command.arg(&root).arg("/sbin/apk").args(arguments).output().unwrap();
        let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        assert!(output.status.success(), "{arguments:?}: {said}");
        said
    };
    apk(&["update"]);
    apk(&["add", "later"]);
    assert!(root.join("usr/bin/later").is_file());
    fs::write(root.join("usr/bin/later"), "broken").unwrap();
    assert!(apk(&["audit", "--system"]).contains("usr/bin/later"));
    apk(&["fix", "later"]);
    assert_eq!(fs::read_to_string(root.join("usr/bin/later")).unwrap(), "#!/bin/sh\n");
    apk(&["del", "later"]);
    assert!(!root.join("usr/bin/later").exists());
    apk(&["add", "openrc"]);
    assert!(root.join("sbin/openrc").is_file());
}

/// The oracle: what `apk` itself installs in an empty root.
#[test]
fn a_tree_holds_what_real_apk_installs() {
    let Some(mirror) = RealMirror::new() else { return };
    if !is_root() {
        return skip("installing as apk does needs root");
    }
    let osb = Osb::new(env!("CARGO_BIN_EXE_osb"));
    let ours = base(&mirror, &osb);
    let theirs = osb.directory().join("theirs");
    let keys = ours.join("etc/apk/keys").to_str().unwrap().to_owned();
    let url = format!("{}/alpine/{RELEASE}/main", mirror.server.url());
    let world = fs::read_to_string(ours.join("etc/apk/world")).unwrap();
    let always = ["--keys-dir", &keys, "--repositories-file", "/dev/null", "-X", &url];
    let add = ["--arch", "x86_64", "--initdb", "--no-cache", "add"];
    let wanted: Vec<_> = world.lines().collect();
    let (is_good, said) = mirror.system.run(&theirs, &[&always[..], &add, &wanted].concat());
    assert!(is_good, "{said}");
    let read = |root: &Path, path: &str| fs::read_to_string(root.join(path)).unwrap();
    let blocks = |root: &Path| {
        let text = read(root, "lib/apk/db/installed");
        let mut blocks: Vec<_> = text.split("\n\n").map(str::to_owned).collect();
        blocks.sort_unstable();
        blocks
    };
    for (ours, theirs) in blocks(&ours).iter().zip(&blocks(&theirs)) {
        assert_eq!(ours, theirs);
    }
    assert_eq!(read(&ours, "lib/apk/db/triggers"), read(&theirs, "lib/apk/db/triggers"));
    assert_eq!(read(&ours, "etc/apk/world"), read(&theirs, "etc/apk/world"));
    for path in ["etc/passwd", "etc/group"] {
        assert_eq!(read(&ours, path), read(&theirs, path), "{path}");
    }
    let is_compared = |line: &&String| {
        // A system without OpenRC gets an inittab that does without it.
        let own = [
            "etc/apk/",
            "dev/",
            "etc/resolv.conf",
            "etc/hostname",
            "etc/machine-id",
            "etc/inittab",
            "etc/init.d",
        ];
        // Copies that tools for accounts leave behind are no part of an artifact.
        !line.split(' ').next().unwrap_or_default().ends_with('-')
            && !own.iter().any(|start| line.starts_with(start))
            && !line.contains("osb")
            && line.contains('/')
    };
    let files = |root: &Path| tree_of(root).iter().filter(is_compared).cloned().collect::<Vec<_>>();
    let (ours, theirs) = (files(&ours), files(&theirs));
    let missing: Vec<_> = theirs.iter().filter(|line| !ours.contains(line)).collect();
    let more: Vec<_> = ours.iter().filter(|line| !theirs.contains(line)).collect();
    assert!(missing.is_empty() && more.is_empty(), "missing {missing:#?}\nmore {more:#?}");
}
