//! Initrds, tar archives and directories.

use std::process::Command;

use test_support::{
    HUGE, as_cpio_unpacks, assert_same, assert_same_with_huge, needs, read_directory,
};
use tree::{GuestPath, Tree};

use super::{Bench, said, without_additions};

/// What the format of initrds cannot hold, beside attributes.
const CPIO_REFUSED: [&str; 5] =
    [HUGE, "times/after-2106", "times/before-1970", "times/before-1970-fraction", "times/in-1902"];

/// What a program makes of an artifact in a new directory, which stays as long as the bench.
fn unpacked(bench: &Bench, script: &str) -> Tree {
    let place = tempfile::tempdir_in(bench.osb.directory()).unwrap().keep();
    said(Command::new("sh").args(["-euc", script]).current_dir(&place));
    let mut found = without_additions(read_directory(&place));
    // Programs that unpack may leave the directory that they are called in as it is.
    let root = GuestPath::root();
    *found.meta_mut(&root).unwrap() = bench.tree.get(&root).unwrap().meta.clone();
    found
}

#[test]
fn initrds_hold_the_demanding_tree() {
    let tools =
        [("cpio", "cpio"), ("zstd", "zstd"), ("xz", "xz-utils"), ("lz4", "lz4"), ("gzip", "gzip")];
    if !needs(&tools) {
        return;
    }
    let Some(mut bench) = Bench::new(&CPIO_REFUSED) else { return };
    for (_, meta) in bench.tree.metas_mut() {
        meta.xattrs.clear();
        meta.mtime.nanoseconds = 0;
    }
    for (compression, tool) in
        [("zstd", "zstd"), ("gzip", "gzip"), ("xz", "xz"), ("lz4", "lz4"), ("none", "")]
    {
        bench.pack("initrd", "initrd", &["--drop-xattrs", "--compress", compression]);
        let plain = match tool {
            "" => "cat ../initrd".to_owned(),
            tool => format!("{tool} -dc < ../initrd"),
        };
        let script = format!(
            "{plain} | cpio --extract --make-directories \
                              --preserve-modification-time --quiet"
        );
        let found = unpacked(&bench, &script);
        assert_same(&as_cpio_unpacks(bench.tree.clone()), &as_cpio_unpacks(found));
    }
}

#[test]
fn tar_archives_hold_the_demanding_tree() {
    if !needs(&[("tar", "tar"), ("zstd", "zstd"), ("gzip", "gzip")]) {
        return;
    }
    // Without the huge file, of which a tar has every byte.
    let Some(bench) = Bench::new(&[HUGE, "devices/socket"]) else { return };
    for (name, tool) in [("a.tar", "cat"), ("a.tar.gz", "gzip -dc"), ("a.tar.zst", "zstd -dc")] {
        bench.pack("rootfs", name, &[]);
        let options = "--xattrs --xattrs-include='*' --numeric-owner -xpf -";
        let found = unpacked(&bench, &format!("{tool} < ../{name} | tar {options}"));
        assert_same(&bench.tree, &found);
        bench.inspect(name);
    }
}

#[test]
fn directories_hold_the_demanding_tree() {
    let Some(bench) = Bench::new(&[]) else { return };
    let directory = bench.pack("rootfs", "out", &[]);
    assert_same_with_huge(bench.tree.clone(), without_additions(read_directory(&directory)));
}
