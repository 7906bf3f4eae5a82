//! `osb test`: every verdict by a boot under emulation.

use std::fs;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;

use serde_json::Value;
use test_support::{Osb, Outcome, needs, warm_cache};

/// Gives systemd a unit that cannot start.
const BROKEN_UNIT: &str = "systemd.mount-extra=tmpfs:/mnt:tmpfs:nofail,nosuchoption";
/// Where the filesystem of an image begins, behind the header for persistent memory.
const FILESYSTEM_AT: u64 = 3 << 20;

struct Guest {
    osb: Osb,
}

impl Guest {
    /// None where nothing can be booted.
    fn new() -> Option<Self> {
        let is_there = needs(&[("qemu-system-x86_64", "qemu-system-x86")]);
        is_there.then(|| Self { osb: Osb::new(env!("CARGO_BIN_EXE_osb")).cache(warm_cache()) })
    }

    fn path(&self, name: &str) -> PathBuf {
        self.osb.directory().join(name)
    }

    #[track_caller]
    fn build(&self, command: &str, more: &[&str]) {
        self.osb.run([command].iter().chain(more)).succeeds();
    }

    fn test(&self, more: &[&str]) -> Outcome {
        self.osb.run(["test", "--accel", "tcg"].iter().chain(more))
    }

    /// Boots, and returns the verdict that was printed and kept.
    #[track_caller]
    fn verdict(&self, arguments: &[&str], code: i32) -> Value {
        let outcome = self.test(&[&["--json"], arguments].concat());
        assert_eq!(outcome.code, Some(code), "{outcome}");
        let verdict: Value = serde_json::from_str(&outcome.stdout).unwrap();
        let kept = fs::read(self.path(&format!("{}.test.json", arguments[0]))).unwrap();
        assert_eq!(verdict, serde_json::from_slice::<Value>(&kept).unwrap());
        verdict
    }
}

/// The outcomes of the six steps.
fn outcomes(verdict: &Value) -> Vec<&str> {
    let steps = verdict["steps"].as_array().unwrap();
    steps.iter().map(|mark| mark["outcome"].as_str().unwrap()).collect()
}

#[test]
fn a_good_image_boots_once() {
    let Some(guest) = Guest::new() else { return };
    guest.build("image", &["--profile", "minimal", "--agent-init", "-o", "guest.img"]);
    let before = fs::read(guest.path("guest.img")).unwrap();
    let verdict = guest.verdict(&["guest.img"], 0);
    assert_eq!(verdict["verdict"], "boots");
    let expected = ["passed", "passed", "passed", "passed", "skipped", "passed"];
    assert_eq!(outcomes(&verdict), expected);
    let times: Vec<_> = [0, 1, 2, 3, 5].map(|step| &verdict["steps"][step]).into_iter().collect();
    let guest_seconds = |mark: &&Value| mark["guest_seconds"].as_f64().unwrap();
    assert!(times.iter().map(guest_seconds).is_sorted(), "{verdict:#}");
    assert!(verdict["memory_used_bytes"].as_u64().unwrap() > 1 << 20);
    assert!(fs::read(guest.path("guest.img")).unwrap() == before, "the artifact has changed");

    // Without QEMU only what is known can be told; the name and the times do not matter.
    fs::rename(guest.path("guest.img"), guest.path("moved.img")).unwrap();
    fs::rename(guest.path("guest.img.test.json"), guest.path("moved.img.test.json")).unwrap();
    let guest = Guest { osb: guest.osb.env("PATH", "/nowhere") };
    let known = guest.test(&["moved.img"]).succeeds();
    assert!(known.stderr.contains("booted before: moved.img"), "{known}");
    assert!(known.stdout.ends_with("verdict: boots\n"), "{known}");
    let asks = |more: &[&str]| guest.test(&[more, &["moved.img"]].concat());
    asks(&["--again"]).fails_with(1, "is not installed");
    asks(&["--cpus", "1"]).fails_with(1, "is not installed");
    asks(&["--append", "loglevel=7"]).fails_with(1, "is not installed");
    let disk = fs::OpenOptions::new().write(true).open(guest.path("moved.img")).unwrap();
    disk.write_all_at(b"x", 440).unwrap();
    asks(&[]).fails_with(1, "is not installed");
}

#[test]
fn units_that_fail_are_named() {
    let Some(guest) = Guest::new() else { return };
    // With a bus, systemd is asked to end through it; without, in another way.
    guest.build("image", &["--profile", "minimal", "-p", "systemd-sysv", "-o", "busless.img"]);
    let verdict = guest.verdict(&["busless.img"], 0);
    assert_eq!(outcomes(&verdict), ["passed"; 6]);
    let packages = "systemd-sysv,udev,kmod,dbus";
    guest.build("image", &["--profile", "minimal", "-p", packages, "-o", "guest.img"]);
    let verdict = guest.verdict(&["guest.img"], 0);
    assert_eq!(verdict["verdict"], "boots");
    assert_eq!(outcomes(&verdict), ["passed"; 6]);

    let verdict = guest.verdict(&["guest.img", "--append", BROKEN_UNIT], 1);
    assert_eq!(verdict["verdict"], "units failed");
    assert_eq!(verdict["failed_units"], serde_json::json!(["mnt.mount"]));
    let expected = ["passed", "passed", "passed", "passed", "failed", "passed"];
    assert_eq!(outcomes(&verdict), expected);
}

#[test]
fn a_damaged_root_is_not_mounted() {
    let Some(guest) = Guest::new() else { return };
    let usual = ["--profile", "minimal", "--agent-init", "--fs", "erofs", "-o", "guest.img"];
    guest.build("image", &[&usual[..], &["--verity", "--variant", "test"]].concat());
    let disk = fs::OpenOptions::new().write(true).open(guest.path("guest.img")).unwrap();
    // No reader looks at the first kilobyte of erofs, but it is measured.
    disk.write_all_at(b"x", FILESYSTEM_AT).unwrap();
    let outcome = guest.test(&["guest.img"]).fails_with(1, "");
    let (steps, console) = outcome.stdout.split_once("verdict: root not mounted\n").unwrap();
    assert!(steps.contains("FAILED: device-mapper: verity: "), "{outcome}");
    assert!(steps.contains("not reached"), "{outcome}");
    assert!(console.contains("is corrupted"), "{outcome}");
    let kept = fs::read(guest.path("guest.img.test.json")).unwrap();
    let kept: Value = serde_json::from_slice(&kept).unwrap();
    assert_eq!(kept["verdict"], "root not mounted");
    // A bad verdict is not taken for the last word.
    let guest = Guest { osb: guest.osb.env("PATH", "/nowhere") };
    guest.test(&["guest.img"]).fails_with(1, "is not installed");
}

#[test]
fn an_initrd_without_an_agent_boots_as_far_as_can_be_seen() {
    let Some(guest) = Guest::new() else { return };
    guest.build(
        "initrd",
        &["--profile", "minimal", "--no-agent", "--drop-xattrs", "-o", "guest.initrd"],
    );
    let verdict = guest.verdict(&["guest.initrd"], 0);
    assert_eq!(verdict["verdict"], "boots");
    let expected = ["passed", "skipped", "passed", "skipped", "skipped", "skipped"];
    assert_eq!(outcomes(&verdict), expected);
}

#[test]
fn what_cannot_be_booted_is_refused() {
    let osb = Osb::new(env!("CARGO_BIN_EXE_osb"));
    fs::create_dir(osb.directory().join("tree")).unwrap();
    osb.run(["test", "tree"]).fails_with(2, "tree is neither a disk image nor an initrd");
    osb.run(["test", "none.img"]).fails_with(2, "none.img does not exist");
}
