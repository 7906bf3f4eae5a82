//! A tree of six gigabytes, packed by the command: how much memory that takes, and how long.

use super::measure::{time, time_and_memory};
use super::rows::Row;
use super::trees::{LARGE, Trees};

/// What any build may hold in memory.
pub const LIMIT_BYTES: u64 = 256 << 20;

const fn row(work: &'static str, osb: &'static str) -> Row {
    Row {
        work,
        tree: LARGE,
        tools: &[],
        peer: "",
        osb,
        limit: f64::INFINITY,
        size_limit: f64::INFINITY,
    }
}

/// Every way that writes differently; there is no peer.
pub const ROWS: &[Row] = &[
    row("6 GB, ext4", r#""$OSB" image -q --rootfs "$TREE" --no-check -o "$OUT""#),
    row(
        "6 GB, ext4 with verity",
        r#""$OSB" image -q --rootfs "$TREE" --no-check --verity -o "$OUT""#,
    ),
    row("6 GB, erofs", r#""$OSB" image -q --rootfs "$TREE" --no-check --fs erofs -o "$OUT""#),
    row("6 GB, squashfs", r#""$OSB" image -q --rootfs "$TREE" --no-check --fs squashfs -o "$OUT""#),
    row("6 GB, xfs", r#""$OSB" image -q --rootfs "$TREE" --no-check --fs xfs -o "$OUT""#),
    row("6 GB, qcow2", r#""$OSB" image -q --rootfs "$TREE" --no-check --format qcow2 -o "$OUT""#),
    row("6 GB, initrd, zstd", r#""$OSB" initrd -q --rootfs "$TREE" --drop-xattrs -o "$OUT""#),
    row(
        "6 GB, initrd, gzip",
        r#""$OSB" initrd -q --rootfs "$TREE" --drop-xattrs --compress gzip -o "$OUT""#,
    ),
    row("6 GB, tar", r#""$OSB" rootfs -q --rootfs "$TREE" -o "$OUT.tar"; mv "$OUT.tar" "$OUT""#),
];

/// Packs once for the time and once for the memory, and prints both.
pub fn measure(rows: &[&Row], trees: &Trees) {
    for row in rows {
        let seconds = time(&mut super::command(row.osb, row, trees));
        std::fs::remove_file(trees.output()).unwrap();
        let memory = time_and_memory(&mut super::command(row.osb, row, trees));
        std::fs::remove_file(trees.output()).unwrap();
        let verdict = if memory.largest_bytes <= LIMIT_BYTES { "yes" } else { "NO" };
        println!(
            "{:<35} {seconds:.1} s, peak memory {} MiB, of one process {} MiB <= {} MiB {verdict}",
            row.work,
            memory.together_bytes >> 20,
            memory.largest_bytes >> 20,
            LIMIT_BYTES >> 20
        );
    }
}
