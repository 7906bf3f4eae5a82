//! Attacks by the machine: death in the middle, and a full disk.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use test_support::{Compression, Osb, Package, is_root, skip};

use crate::made::{Target, suite_with};

/// A package large enough that a build can be hit in the middle of it.
fn large() -> Package {
    let package = Package::new("large", "1.0").compression(Compression::Gz);
    (0..500).fold(package, |package, number| {
        let content = format!("{number}").repeat(400);
        package.file(&format!("usr/share/large/{number}"), content, 0o644)
    })
}

/// Everything below a directory that an earlier run could have left.
fn names(directory: &Path) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut pending = vec![directory.to_owned()];
    while let Some(place) = pending.pop() {
        for entry in fs::read_dir(place).into_iter().flatten().flatten() {
            if entry.file_type().unwrap().is_dir() {
                pending.push(entry.path());
            }
            let path = entry.path();
            names.insert(path.strip_prefix(directory).unwrap().to_string_lossy().into_owned());
        }
    }
    names
}

#[test]
fn kill_at_many_points_leaves_nothing_behind() {
    let mut target = Target::new(suite_with(&large()).publish());
    let temporary = target.osb.directory().join("temporary");
    fs::create_dir(&temporary).unwrap();
    target.osb = target.osb.env("TMPDIR", &temporary);
    let undisturbed = target.osb.directory().join("undisturbed");
    target.rootfs(&["--package", "large", "--cache-dir", undisturbed.to_str().unwrap()]).succeeds();
    let (expected, outside) = (target.artifact(), names(target.osb.directory()));
    let mut is_running = true;
    let mut wait = Duration::from_millis(5);
    while is_running {
        fs::remove_file(target.osb.directory().join("out.tar")).unwrap();
        is_running = target.kill(&["--package", "large"], wait);
        target.rootfs(&["--package", "large"]).succeeds();
        assert!(target.artifact() == expected, "killed after {wait:?}");
        let (cache, undisturbed) = (names(target.osb.cache_directory()), names(&undisturbed));
        assert_eq!(cache, undisturbed, "killed after {wait:?}");
        assert_eq!(names(&temporary), BTreeSet::new(), "killed after {wait:?}");
        fs::remove_dir_all(target.osb.cache_directory()).unwrap();
        assert_eq!(names(target.osb.directory()), outside, "killed after {wait:?}");
        wait *= 2;
    }
}

/// Processes that have anything to do with a directory.
fn processes_in(directory: &Path) -> Vec<String> {
    let directory = directory.to_str().unwrap();
    let mut found = Vec::new();
    for process in fs::read_dir("/proc").unwrap().flatten().map(|entry| entry.path()) {
        let command = fs::read_to_string(process.join("cmdline")).unwrap_or_default();
        let links = ["cwd", "root", "exe"].map(|link| fs::read_link(process.join(link)));
        let mut places = links.iter().flatten().filter_map(|place| place.to_str());
        if command.contains(directory) || places.any(|place| place.contains(directory)) {
            found.push(command.replace('\0', " "));
        }
    }
    found
}

/// Whether a process that was killed still holds what the next one would clean.
fn is_held(cache: &Path) -> bool {
    let sessions = fs::read_dir(cache.join("tmp")).unwrap().flatten();
    let mut locks = sessions.filter_map(|session| fs::File::open(session.path().join("lock")).ok());
    locks.any(|lock| lock.try_lock_shared().is_err())
}

#[test]
fn kill_while_scripts_run_leaves_no_process_and_no_mount() {
    let osb = Osb::new(env!("CARGO_BIN_EXE_osb")).warmed();
    let base = ["plan", "--release", "bookworm", "--arch", "amd64", "--profile", "base"];
    // The archive may publish something while this runs, which is not what is tested.
    let locked = ["rootfs", "--locked", "--output", "out.tar"];
    osb.run(base).succeeds();
    osb.run(locked).succeeds();
    let artifact = osb.directory().join("out.tar");
    let expected = test_support::sha256(&fs::read(&artifact).unwrap());
    // Without the tree, scripts have to run again.
    let forget = || {
        fs::remove_file(&artifact).unwrap();
        fs::remove_dir_all(osb.cache_directory().join("trees")).unwrap();
    };
    forget();
    let begun = Instant::now();
    osb.run(locked).succeeds();
    let (whole, undisturbed) = (begun.elapsed(), names(osb.cache_directory()));
    for quarters in 1..4 {
        forget();
        osb.kill_after(locked, whole * quarters / 4);
        // The kernel takes a namespace down after the process that held it.
        let deadline = Instant::now() + Duration::from_secs(10);
        let is_alive =
            || !processes_in(osb.directory()).is_empty() || is_held(osb.cache_directory());
        while is_alive() && Instant::now() < deadline {
            std::thread::sleep(Duration::from_millis(50));
        }
        assert_eq!(processes_in(osb.directory()), Vec::<String>::new());
        assert!(!is_held(osb.cache_directory()));
        let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
        assert!(!mounts.contains(osb.directory().to_str().unwrap()), "{mounts}");
        osb.run(locked).succeeds();
        assert_eq!(test_support::sha256(&fs::read(&artifact).unwrap()), expected);
        let cache = names(osb.cache_directory());
        let different: Vec<_> = cache.symmetric_difference(&undisturbed).collect();
        assert_eq!(different, Vec::<&String>::new(), "killed after {quarters} quarters");
    }
}

/// Mounts a disk of its own, of this size, below the command.
fn on_small_disk(osb: Osb, place: &Path, size: &str) -> Osb {
    fs::create_dir_all(place).unwrap();
    let place = place.display();
    let script = format!(
        "mount -t tmpfs -o size={size} none '{place}' && cd '{place}/..' && exec \"$0\" \"$@\""
    );
    osb.under(&["unshare", "--mount", "/bin/sh", "-c", &script])
}

#[test]
fn full_cache_disk_is_said_and_harms_nothing() {
    if !is_root() {
        return skip("a small disk needs root to be mounted");
    }
    let noise = (0..4_000_000_u32).map(|number| (number.wrapping_mul(2_654_435_761) >> 24) as u8);
    let heavy = Package::new("heavy", "1.0").compression(Compression::None).file(
        "usr/heavy",
        noise.collect::<Vec<_>>(),
        0o644,
    );
    let mut target = Target::new(suite_with(&heavy).publish());
    let cache = target.osb.cache_directory().to_owned();
    target.osb = on_small_disk(target.osb, &cache, "2m");
    let outcome = target.build(&["heavy"]).fails_with(1, "space");
    assert!(outcome.stderr.contains("hint:"), "{outcome}");
    assert!(!target.osb.directory().join("out.tar").exists());
    target.osb = target.osb.under(&[]);
    target.build(&["heavy"]).succeeds();
}

#[test]
fn full_output_disk_is_said_and_leaves_no_half_artifact() {
    if !is_root() {
        return skip("a small disk needs root to be mounted");
    }
    let mut target = Target::new(suite_with(&large()).publish());
    let output = target.osb.directory().join("output");
    target.osb = on_small_disk(target.osb, &output, "1m");
    let more = ["--package", "large", "--output", "output/out.tar"];
    target.osb.run(target.arguments("rootfs", &more)).fails_with(1, "space");
}

/// The ways to pack a tree that write differently.
const PACKED: [&[&str]; 8] = [
    &["image", "--fs", "ext4", "--verity"],
    &["image", "--fs", "xfs", "--table", "gpt", "--align", "1"],
    &["image", "--fs", "erofs", "--compress", "lz4"],
    &["image", "--fs", "squashfs", "--format", "qcow2"],
    &["initrd", "--compress", "zstd"],
    &["initrd", "--compress", "gzip"],
    &["initrd", "--compress", "lz4"],
    &["initrd", "--compress", "xz"],
];

/// A tar of a tree that can boot and takes some time to pack.
fn rootfs(osb: &Osb) {
    let mut tree = tree::Tree::new();
    for number in 0..60 {
        let path = if number == 0 { "sbin/init".to_owned() } else { format!("usr/{number}") };
        let bytes = test_support::noise(number, 300_000);
        let meta = tree::Meta { mode: 0o755, ..tree::Meta::default() };
        let node = tree::Node { meta, kind: tree::Kind::File(bytes.into()) };
        tree.insert(tree::GuestPath::new(path).unwrap(), node).unwrap();
    }
    let mut bytes = Vec::new();
    tree::tar::write(&tree, &mut bytes).unwrap();
    fs::write(osb.directory().join("rootfs.tar"), bytes).unwrap();
}

#[test]
fn killed_while_packing_leaves_nothing_that_the_next_run_keeps() {
    for packed in PACKED {
        let osb = Osb::new(env!("CARGO_BIN_EXE_osb"));
        rootfs(&osb);
        let arguments = [packed, &["--rootfs", "rootfs.tar", "-o", "artifact"]].concat();
        let begun = Instant::now();
        osb.run(&arguments).succeeds();
        let (whole, undisturbed) = (begun.elapsed(), names(osb.directory()));
        let artifact = osb.directory().join("artifact");
        let expected = fs::read(&artifact).unwrap();
        for eighths in [1, 3, 5, 7] {
            fs::remove_file(&artifact).unwrap();
            osb.kill_after(&arguments, whole * eighths / 8);
            let deadline = Instant::now() + Duration::from_secs(10);
            let cache = osb.cache_directory();
            while is_held(cache) && Instant::now() < deadline {
                std::thread::sleep(Duration::from_millis(20));
            }
            osb.run(&arguments).succeeds();
            assert!(fs::read(&artifact).unwrap() == expected, "{packed:?}");
            let left = names(osb.directory());
            let different: Vec<_> = left.symmetric_difference(&undisturbed).collect();
            assert_eq!(different, Vec::<&String>::new(), "{packed:?} killed after {eighths}/8");
        }
    }
}

#[test]
fn full_disk_while_packing_is_said_and_leaves_no_half_artifact() {
    if !is_root() {
        return skip("a small disk needs root to be mounted");
    }
    for packed in PACKED {
        let osb = Osb::new(env!("CARGO_BIN_EXE_osb"));
        rootfs(&osb);
        let output = osb.directory().join("output");
        let osb = on_small_disk(osb, &output, "1m");
        let more = ["--rootfs", "rootfs.tar", "-o", "output/artifact"];
        osb.run(packed.iter().chain(&more)).fails_with(1, "space");
    }
}
