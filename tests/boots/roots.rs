//! Every form of a root, as the kernel of a guest takes it.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;

use super::artifact::{boot, can_boot, make_small};

/// What the guest says of its root.
const ROOT: &str = "dmesg | cat >/dev/null; while read -r from at type rest; do \
                    [ $at = / ] && echo $from $type; done </proc/mounts; echo ok";

#[test]
fn a_verified_root_is_mounted_and_a_flipped_bit_is_refused() {
    if !can_boot() {
        return;
    }
    for table in ["gpt", "mbr"] {
        let name = format!("verity-{table}.img");
        let flags = ["--fs", "erofs", "--verity", "--table", table, "--variant", table];
        let image = make_small(&name, "image", &flags);
        let said = boot(&image, &[], ROOT).succeeds().stdout;
        assert!(said.contains(" erofs\n") && said.contains("dm-"), "{said}");
        let start = if table == "gpt" { 1 << 20 } else { 3 << 20 };
        let file = File::options().read(true).write(true).open(&image).unwrap();
        // Before the superblock nothing is ever read, but the hash is that of the whole block.
        file.write_all_at(&[1], start + 100).unwrap();
        let outcome = boot(&image, &[], "true");
        assert!(outcome.code.is_some_and(|code| code != 0 && code != 124), "{outcome}");
        assert!(outcome.stderr.contains("corrupted"), "{outcome}");
    }
}

#[test]
fn every_filesystem_is_a_root() {
    if !can_boot() {
        return;
    }
    for filesystem in ["ext4", "erofs", "squashfs", "xfs"] {
        let image = make_small(&format!("{filesystem}.img"), "image", &["--fs", filesystem]);
        let said = boot(&image, &[], ROOT).succeeds().stdout;
        assert!(said.contains(&format!(" {filesystem}\n")), "{said}");
    }
}

#[test]
fn an_ext4_grows_to_the_size_of_its_disk() {
    if !can_boot() {
        return;
    }
    let image = make_small("grows.img", "image", &["--table", "none"]);
    let before = fs::metadata(&image).unwrap().len();
    File::options().write(true).open(&image).unwrap().set_len(before + (256 << 20)).unwrap();
    let size = |flags: &[&str]| -> u64 {
        let said = boot(&image, flags, "df -k / | cat").succeeds().stdout;
        said.lines().last().unwrap().split_whitespace().nth(1).unwrap().parse().unwrap()
    };
    let (small, large) = (size(&[]), size(&["--append", "osb.grow"]));
    assert!(small < before >> 10, "{small}");
    assert!(large > small + (200 << 10), "{small} {large}");
}

#[test]
fn an_initrd_of_every_compression_boots() {
    if !can_boot() {
        return;
    }
    for compression in ["zstd", "gzip", "xz", "lz4", "none"] {
        let name = format!("small-{compression}.initrd");
        let initrd = make_small(&name, "initrd", &["--compress", compression]);
        let said = boot(&initrd, &[], "cat /proc/1/comm").succeeds().stdout;
        assert_eq!(said, "init\n", "{compression}");
    }
}
