//! Every form shows the same tree, whatever its name is.

use std::collections::BTreeSet;
use std::path::Path;

use super::{guest, json, osb, run, shell};

const TOOLS: &[(&str, &str)] = &[
    ("mke2fs", "e2fsprogs"),
    ("mkfs.erofs", "erofs-utils"),
    ("mksquashfs", "squashfs-tools"),
    ("cpio", "cpio"),
    ("qemu-img", "qemu-utils"),
    ("sfdisk", "fdisk"),
    ("zstd", "zstd"),
    ("lz4", "lz4"),
    ("xz", "xz-utils"),
];

const CPIO: &str = "cd guest; find . | LC_ALL=C sort | cpio -o -H newc --quiet";

/// A disk of two partitions, of which the second has this filesystem.
fn disk(directory: &Path, label: &str, filesystem: &str, name: &str) {
    let script = format!(
        "truncate -s 48M {name}; printf 'label: {label}\\nsize=4MiB\\nsize=40MiB\\n' | sfdisk -q {name}; \
         dd if={filesystem} of={name} bs=1M seek=5 conv=notrunc,sparse status=none"
    );
    shell(directory, &script);
}

fn make_all(directory: &Path) -> Vec<&'static str> {
    guest(directory);
    let script = |text: &str| shell(directory, text);
    script("tar -C guest -cf a.tar . && gzip -k a.tar && xz -k a.tar && zstd -q a.tar");
    script(&format!("({CPIO}) > plain.cpio"));
    script("gzip -c plain.cpio > gz; xz -C crc32 -c plain.cpio > xz");
    script("zstd -qc plain.cpio > zst; lz4 -lqc plain.cpio > lz4");
    // As processors' updates come first in real initrds.
    script("mkdir -p early/kernel && (cd early; find . | cpio -o -H newc --quiet) > several");
    script("cat gz zst >> several");
    script("truncate -s 16M ext4 && mke2fs -q -t ext4 -d guest ext4");
    script("truncate -s 16M ext2 && mke2fs -q -t ext2 -d guest ext2");
    script("mkfs.erofs --quiet -zlz4 erofs guest >/dev/null 2>&1");
    script("mksquashfs guest squashfs -quiet -no-progress >/dev/null");
    disk(directory, "dos", "ext4", "mbr");
    disk(directory, "gpt", "erofs", "gpt");
    script(
        "qemu-img convert -O qcow2 gpt a.qcow2; qemu-img convert -O qcow2 -o compat=0.10 ext4 b",
    );
    script("gzip -kc squashfs > squashfs.gz");
    vec![
        "a.tar",
        "a.tar.gz",
        "a.tar.xz",
        "a.tar.zst",
        "plain.cpio",
        "gz",
        "xz",
        "zst",
        "lz4",
        "several",
        "ext4",
        "ext2",
        "erofs",
        "squashfs",
        "mbr",
        "gpt",
        "a.qcow2",
        "b",
        "squashfs.gz",
    ]
}

/// What every form agrees on: cpio and tar give another size to what is no file.
fn essence(listing: &str) -> BTreeSet<String> {
    let lines = listing.lines().filter(|line| !line.contains("/lost+found "));
    let lines = lines.filter(|line| !line.contains(" / ") && !line.contains("/kernel "));
    lines.map(str::to_owned).collect()
}

#[test]
fn every_form_shows_the_same_tree() {
    if !test_support::needs(TOOLS) {
        return;
    }
    let osb = osb();
    let made = make_all(osb.directory());
    let expected = essence(&osb.run(["inspect", "guest"]).succeeds().stdout);
    assert!(expected.len() > 10, "{expected:?}");
    for name in made {
        // The name says nothing.
        let neutral = osb.directory().join("artifact");
        std::fs::rename(osb.directory().join(name), &neutral).unwrap();
        let listing = osb.run(["inspect", "artifact"]).succeeds();
        assert_eq!(essence(&listing.stdout), expected, "{name}");
        let content = osb.run(["inspect", "artifact", "/etc/os-release"]).succeeds();
        assert_eq!(content.stdout, "NAME=made\n", "{name}");
        let part = osb.run(["inspect", "artifact", "etc"]).succeeds();
        assert_eq!(part.stdout.lines().count(), 2, "{name}: {part}");
        let entries = json(&osb.run(["inspect", "artifact", "bin/tool", "--json"]).succeeds());
        assert_eq!(entries[0]["size"].as_u64().unwrap_or(300_000), 300_000, "{name}");
        osb.run(["inspect", "artifact", "etc/os-relase"])
            .fails_with(2, "did you mean \"os-release\"?");
        let layout = json(&osb.run(["inspect", "artifact", "--layout", "--json"]).succeeds());
        assert_eq!(layout["form"], form_of(name), "{name}: {layout}");
        osb.run(["inspect", "artifact", "--layout"]).succeeds();
    }
}

fn form_of(name: &str) -> &'static str {
    match name {
        _ if name.starts_with("a.tar") => "tar",
        "plain.cpio" | "gz" | "xz" | "zst" | "lz4" | "several" => "initrd",
        _ => "disk",
    }
}

#[test]
fn the_form_is_told_in_detail() {
    if !test_support::needs(TOOLS) {
        return;
    }
    let osb = osb();
    make_all(osb.directory());
    let layout = |name: &str| json(&osb.run(["inspect", name, "--layout", "--json"]).succeeds());
    assert_eq!(layout("a.tar.xz")["compression"], "xz");
    let several = layout("several");
    assert_eq!(several["archives"][0]["compression"], "none");
    let archives = several["archives"].as_array().unwrap();
    let compressions: Vec<_> = archives.iter().map(|archive| &archive["compression"]).collect();
    assert_eq!(compressions, ["none", "gzip", "zstd"], "{several}");
    let size = |name: &str| osb.directory().join(name).metadata().unwrap().len();
    assert_eq!(archives[1]["size"], size("gz"), "{several}");
    assert_eq!(archives[2]["plain_size"], size("plain.cpio"), "{several}");
    let said = osb.run(["inspect", "several", "--layout"]).succeeds();
    assert!(said.stdout.contains("compressed with zstd"), "{said}");
    let mbr = layout("mbr");
    assert_eq!(mbr["table"]["scheme"], "mbr");
    assert_eq!(mbr["partitions"][1]["start"], 5 << 20);
    assert_eq!(mbr["partitions"][1]["filesystem"]["name"], "ext4");
    assert_eq!(mbr["partitions"][1]["filesystem"]["size"], 16 << 20);
    let gpt = layout("a.qcow2");
    assert_eq!((&gpt["packing"], &gpt["disk_size"]), (&"qcow2".into(), &(48 << 20).into()));
    assert_eq!(gpt["partitions"][1]["filesystem"]["name"], "erofs");
    let said = osb.run(["inspect", "gpt", "--layout"]).succeeds();
    assert!(said.stdout.contains("partition 2: at 5242880"), "{said}");
    osb.run(["inspect", "mbr", "--partition", "1"]).fails_with(2, "those with a filesystem: 2");
    osb.run(["inspect", "mbr", "--partition", "2"]).succeeds();
}

#[test]
fn a_hash_tree_is_told_with_its_root_hash() {
    if !test_support::needs(&[("veritysetup", "cryptsetup-bin"), ("mkfs.erofs", "erofs-utils")]) {
        return;
    }
    let osb = osb();
    guest(osb.directory());
    shell(osb.directory(), "mkfs.erofs --quiet erofs guest >/dev/null 2>&1");
    shell(osb.directory(), "truncate -s %4096 erofs; veritysetup format erofs hashes > said");
    let script = "truncate -s 16M disk; printf 'label: gpt\\nsize=8MiB\\nsize=4MiB\\n' | sfdisk -q disk; \
                  dd if=erofs of=disk bs=1M seek=1 conv=notrunc status=none; \
                  dd if=hashes of=disk bs=1M seek=9 conv=notrunc status=none";
    shell(osb.directory(), script);
    let said = std::fs::read_to_string(osb.directory().join("said")).unwrap();
    let hash = said.lines().find_map(|line| line.strip_prefix("Root hash:")).unwrap().trim();
    let layout = json(&osb.run(["inspect", "disk", "--layout", "--json"]).succeeds());
    assert_eq!(layout["partitions"][1]["verity"]["root_hash"], hash, "{layout}");
    let said = osb.run(["inspect", "disk", "--layout"]).succeeds();
    assert!(said.stdout.contains(&format!("root hash {hash}")), "{said}");
    run(osb.directory(), "rm", &["said"]);
}
