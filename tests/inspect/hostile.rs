//! Artifacts that are cut, changed or made to harm.

use std::fs;
use std::path::Path;

use test_support::{Osb, Outcome};

use super::{guest, osb, run, shell};

const MEMORY_LIMIT_BYTES: u64 = 256 << 20;

const TOOLS: &[(&str, &str)] = &[
    ("mke2fs", "e2fsprogs"),
    ("mkfs.erofs", "erofs-utils"),
    ("mksquashfs", "squashfs-tools"),
    ("mkfs.xfs", "xfsprogs"),
    ("qemu-img", "qemu-utils"),
    ("cpio", "cpio"),
];

const ALL: [&str; 8] = ["tar", "tar.zst", "initrd", "ext4", "erofs", "squashfs", "xfs", "qcow2"];

/// What `mkfs.xfs` is to make.
const XFS: &str = "/dev/null
0 0
d--755 0 0
bin l--777 0 0 usr/bin
usr d--755 0 0
bin d--755 0 0
tool ---755 0 0 guest/usr/bin/tool
$
lib d--755 0 0
library.so ---644 0 0 guest/usr/lib/library.so
$
$
$
";

fn make_all(directory: &Path) {
    guest(directory);
    let script = |text: &str| shell(directory, text);
    script("tar -C guest -cf tar . && zstd -q tar");
    script("(cd guest; find . | cpio -o -H newc --quiet) | gzip > initrd");
    script("truncate -s 4M ext4 && mke2fs -q -t ext4 -d guest ext4");
    script("mkfs.erofs --quiet erofs guest >/dev/null 2>&1");
    script("mksquashfs guest squashfs -quiet -no-progress >/dev/null");
    fs::write(directory.join("prototype"), XFS).unwrap();
    script("mkfs.xfs -q --unsupported -d file,name=xfs,size=16m -p prototype 2>/dev/null");
    script("qemu-img convert -O qcow2 ext4 qcow2");
}

/// Refused in words, whatever the code; never a bug.
#[track_caller]
fn refused(outcome: Outcome, what: &str) {
    let outcome = outcome.within(MEMORY_LIMIT_BYTES);
    assert!(matches!(outcome.code, Some(1..=4)), "{what}: {outcome}");
    assert!(outcome.stderr.starts_with("error: "), "{what}: {outcome}");
}

/// Refused, or read.
#[track_caller]
fn survived(osb: &Osb, arguments: &[&str], what: &str) {
    let outcome = osb.run(arguments).within(MEMORY_LIMIT_BYTES);
    assert!(matches!(outcome.code, Some(0..=4)), "{what}: {outcome}");
}

#[test]
fn an_artifact_that_is_cut_is_refused() {
    if !test_support::needs(TOOLS) {
        return;
    }
    let osb = osb();
    make_all(osb.directory());
    for name in ALL {
        osb.run(["inspect", name, "usr/lib"]).succeeds();
        let whole = fs::read(osb.directory().join(name)).unwrap();
        for length in [0, 1, 100, 600, 3000, whole.len() / 4, whole.len() / 2] {
            fs::write(osb.directory().join("cut"), &whole[..length]).unwrap();
            refused(osb.run(["inspect", "cut"]), &format!("{name} cut to {length}"));
            survived(&osb, &["inspect", "cut", "--layout"], name);
        }
    }
}

#[test]
fn an_artifact_that_is_changed_is_read_or_refused() {
    if !test_support::needs(TOOLS) {
        return;
    }
    let osb = osb();
    make_all(osb.directory());
    let mut state = 11_u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (state >> 33) as usize % below
    };
    for name in ALL {
        let whole = fs::read(osb.directory().join(name)).unwrap();
        let used: Vec<_> = (0..whole.len()).filter(|place| whole[*place] != 0).collect();
        for round in 0..12 {
            let mut bytes = whole.clone();
            for _ in 0..8 {
                // Most of what decides lies at the start, and little where nothing is.
                let place = match round % 3 {
                    0 => next(bytes.len().min(8192)),
                    1 => used[next(used.len().min(2000))],
                    _ => used[next(used.len())],
                };
                bytes[place] = next(256) as u8;
            }
            fs::write(osb.directory().join("changed"), &bytes).unwrap();
            let what = format!("{name}, round {round}");
            survived(&osb, &["inspect", "changed"], &what);
            survived(&osb, &["inspect", "changed", "--layout"], &what);
            survived(&osb, &["inspect", "changed", "--sizes"], &what);
        }
    }
}

#[test]
fn what_is_no_artifact_is_refused_with_a_hint() {
    let osb = osb();
    let write = |name: &str, bytes: &[u8]| fs::write(osb.directory().join(name), bytes).unwrap();
    write("text", "just a text\n".repeat(1000).as_bytes());
    write("empty", b"");
    write("zeros", &[0; 100_000]);
    osb.run(["inspect", "text"]).fails_with(2, "known are directories, tar archives");
    osb.run(["inspect", "empty"]).fails_with(3, "is empty");
    osb.run(["inspect", "zeros"]).fails_with(2, "nothing that osb can look into");
    osb.run(["inspect", "absent"]).fails_with(2, "absent does not exist");
    run(osb.directory(), "mkfifo", &["pipe"]);
    osb.run(["inspect", "pipe"]).fails_with(2, "neither a file nor a directory");
    osb.run(["inspect", "/dev/null"]).fails_with(2, "neither a file nor a directory");
}

#[test]
fn a_filesystem_that_only_the_kernel_reads_is_named() {
    let osb = osb();
    let mut bytes = vec![0; 1 << 20];
    bytes[65_600..65_608].copy_from_slice(b"_BHRfS_M");
    fs::write(osb.directory().join("disk"), bytes).unwrap();
    let said = osb.run(["inspect", "disk"]).fails_with(2, "the btrfs at byte 0 cannot be read");
    assert!(said.stderr.contains("hint: as root, `mount -o ro,loop,offset=0"), "{said}");
    let layout = osb.run(["inspect", "disk", "--layout"]).succeeds();
    assert!(layout.stdout.contains("btrfs"), "{layout}");
}

#[test]
fn what_qemu_packs_in_other_ways_is_named() {
    if !test_support::needs(&[("qemu-img", "qemu-utils"), ("mke2fs", "e2fsprogs")]) {
        return;
    }
    let osb = osb();
    shell(osb.directory(), "truncate -s 4M ext4 && mke2fs -q ext4");
    shell(osb.directory(), "qemu-img convert -c -O qcow2 ext4 packed");
    osb.run(["inspect", "packed"]).fails_with(3, "compressed clusters");
    shell(osb.directory(), "qemu-img create -q -f qcow2 -F raw -b ext4 over");
    osb.run(["inspect", "over"]).fails_with(3, "a backing file");
}

#[test]
fn files_that_claim_more_than_could_be_are_not_digested() {
    if !test_support::needs(TOOLS) {
        return;
    }
    let osb = osb();
    let script = "mkdir guest; truncate -s 1T guest/huge; echo x > guest/x; \
                  truncate -s 4M ext4; mke2fs -q -t ext4 -b 4096 -d guest ext4";
    shell(osb.directory(), script);
    osb.run(["inspect", "ext4"]).fails_with(3, "claim to hold 1.1 TB");
    osb.run(["inspect", "ext4", "--extract", "out"]).fails_with(3, "claim to hold");
    osb.run(["inspect", "ext4", "--sizes"]).succeeds();
    assert_eq!(osb.run(["inspect", "ext4", "x"]).succeeds().stdout, "x\n");
}

#[test]
fn a_bomb_is_refused() {
    let osb = osb();
    shell(osb.directory(), "head -c 400M /dev/zero | zstd -q > bomb");
    refused(osb.run(["inspect", "bomb"]), "bomb");
}

#[test]
fn names_cannot_command_the_terminal() {
    let osb = osb();
    let place = osb.directory().join("d");
    fs::create_dir(&place).unwrap();
    fs::write(place.join("a\u{1b}[2Jb"), "x").unwrap();
    for arguments in [&["inspect", "d"][..], &["inspect", "d", "--sizes"]] {
        let said = osb.run(arguments).succeeds();
        assert!(!said.stdout.contains('\u{1b}'), "{said}");
    }
    fs::create_dir(osb.directory().join("e")).unwrap();
    let said = osb.run(["inspect", "d", "e"]);
    assert!(said.code == Some(1) && !said.stdout.contains('\u{1b}'), "{said}");
}
