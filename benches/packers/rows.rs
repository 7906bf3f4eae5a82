//! What is measured: a peer's script, ours, and what must be reached.

use super::measure::Samples;
use super::trees::{KATA, MANY};

/// One row of the table.
pub struct Row {
    /// What is done.
    pub work: &'static str,
    /// To which tree.
    pub tree: &'static str,
    /// The peer's programs, each with its package.
    pub tools: &'static [(&'static str, &'static str)],
    /// What the peer does.
    pub peer: &'static str,
    /// What osb does.
    pub osb: &'static str,
    /// The part of the peer's time that must be reached.
    pub limit: f64,
    /// The part of the peer's size that must be reached.
    pub size_limit: f64,
}

/// What Kata's script does, step by step and in its words, outside its container: it tries sizes
/// until one does, makes the disk, compiles the program that makes the header, and copies the disk
/// behind it.
const SCRIPT: &str = r#"
disk() {
    rm -f "$1"; qemu-img create -q -f raw "$1" "$2M"
    parted -s -a optimal "$1" -- mklabel msdos "mkpart primary ext4 $3MiB -1s"
}
attach() {
    device=$(losetup -P -f --show "$1"); partprobe -s "$device" > "$WORK/said"
    for _ in 1 2 3 4 5; do test -b "${device}p1" && return; sleep 1; done; exit 1
}
format() { mkfs.ext4 -q -F -b 4096 "${device}p1"; tune2fs -m 3 "${device}p1" > "$WORK/said"; }
trap 'umount -q "$WORK/mount" || true; losetup -j "$image" | cut -d: -f1 | xargs -r losetup -d' EXIT
used=$(du -B 1M -s "$TREE" | awk '{print $1}'); mkdir -p "$WORK/mount"; image=$WORK/try
for i in $(seq 1 20); do
    size=$((used + i * 10)); disk "$image" $size 1; attach "$image"; format
    mount "${device}p1" "$WORK/mount"
    free=$(df -BM --output=avail "$WORK/mount" | tail -n1 | sed 's/[M ]//g')
    umount "$WORK/mount"; losetup -d "$device"
    test "$free" -gt "$used" && break
done
size=$(((size + 2 + 127) / 128 * 128)); image=$WORK/raw
disk "$image" $((size - 2)) 1; attach "$image"; format
mount "${device}p1" "$WORK/mount"; cp -a "$TREE"/* "$WORK/mount"; sync; umount "$WORK/mount"
fsck.ext4 -D -y "${device}p1" > "$WORK/said" || test $? -le 1; losetup -d "$device"
disk "$WORK/header" $size 3
printf '%s\n' '#include <stdio.h>' '#include <stdlib.h>' '#include <string.h>' \
    'int main(int n, char **a) { FILE *f = fopen(a[n - 1], "r+"); char b[4096];' \
    'memset(b, 1, sizeof b); fseek(f, 4096, SEEK_SET); fwrite(b, sizeof b, 1, f); return fclose(f); }' \
    > "$WORK/header.c"
gcc -O2 "$WORK/header.c" -o "$WORK/program"; "$WORK/program" "$WORK/header"; sync
dd if="$WORK/header" of="$OUT" bs=2M count=1 status=none
dd if="$image" of="$OUT" oflag=append conv=notrunc status=none; sync
"#;

const SCRIPT_TOOLS: &[(&str, &str)] = &[
    ("qemu-img", "qemu-utils"),
    ("parted", "parted"),
    ("partprobe", "parted"),
    ("mkfs.ext4", "e2fsprogs"),
    ("losetup", "mount"),
    ("gcc", "gcc"),
];

/// The same chain as it could be: at a known size, without trying, and copied in large blocks.
const CHAIN: &str = r#"
rm -f "$WORK/raw"; truncate -s 254M "$WORK/raw"
echo '2048,,83' | sfdisk -q --no-reread "$WORK/raw"
loop=$(losetup --find --show --offset 1048576 "$WORK/raw")
trap 'losetup -d $loop' EXIT
mkfs.ext4 -q -F -b 4096 $loop; tune2fs -m 3 $loop
mkdir -p "$WORK/mount"; mount $loop "$WORK/mount"
cp -a "$TREE/." "$WORK/mount"; umount "$WORK/mount"
fsck.ext4 -D -y $loop || test $? -le 1
truncate -s 256M "$WORK/header"
echo '6144,,83' | sfdisk -q --no-reread "$WORK/header"
head -c 4096 /dev/zero | dd of="$WORK/header" bs=4096 seek=1 conv=notrunc status=none
head -c 2M "$WORK/header" > "$OUT"; cat "$WORK/raw" >> "$OUT"
"#;

const CHAIN_TOOLS: &[(&str, &str)] =
    &[("sfdisk", "fdisk"), ("mkfs.ext4", "e2fsprogs"), ("losetup", "mount")];

/// The rows of the design's table that are about packing.
pub const ROWS: &[Row] = &[
    Row {
        work: "image with DAX header, Kata's script",
        tree: KATA,
        tools: SCRIPT_TOOLS,
        peer: SCRIPT,
        osb: r#""$OSB" image -q --rootfs "$TREE" --no-check -o "$OUT""#,
        limit: 0.1,
        size_limit: f64::INFINITY,
    },
    Row {
        work: "image with DAX header, known size",
        tree: KATA,
        tools: CHAIN_TOOLS,
        peer: CHAIN,
        osb: r#""$OSB" image -q --rootfs "$TREE" --no-check --size 256 -o "$OUT""#,
        limit: 0.1,
        size_limit: f64::INFINITY,
    },
    Row {
        work: "ext4",
        tree: KATA,
        tools: CHAIN_TOOLS,
        peer: r#"truncate -s 256M "$OUT"; mke2fs -q -F -t ext4 -d "$TREE" "$OUT""#,
        osb: r#""$ALONE" alone ext4 "$TREE" "$OUT" 256"#,
        limit: 1.0 / 3.0,
        size_limit: f64::INFINITY,
    },
    Row {
        work: "ext4 of 55,000 entries",
        tree: MANY,
        tools: CHAIN_TOOLS,
        peer: r#"truncate -s 1G "$OUT"; mke2fs -q -F -t ext4 -N 80000 -d "$TREE" "$OUT""#,
        osb: r#""$ALONE" alone ext4 "$TREE" "$OUT" 1024"#,
        limit: 1.0 / 30.0,
        size_limit: f64::INFINITY,
    },
    Row {
        work: "ext4 with verity, against without",
        tree: KATA,
        tools: &[],
        peer: r#""$OSB" image -q --rootfs "$TREE" --no-check --size 256 -o "$OUT""#,
        osb: r#""$OSB" image -q --rootfs "$TREE" --no-check --size 256 --verity -o "$OUT""#,
        limit: 1.15,
        size_limit: f64::INFINITY,
    },
    Row {
        work: "erofs",
        tree: KATA,
        tools: &[("mkfs.erofs", "erofs-utils")],
        peer: r#"mkfs.erofs --quiet "$OUT" "$TREE""#,
        osb: r#""$ALONE" alone erofs "$TREE" "$OUT" 256"#,
        limit: 0.5,
        size_limit: f64::INFINITY,
    },
    Row {
        work: "squashfs",
        tree: KATA,
        tools: &[("mksquashfs", "squashfs-tools")],
        peer: r#"mksquashfs "$TREE" "$OUT" -comp zstd -quiet -no-progress"#,
        osb: r#""$ALONE" alone squashfs "$TREE" "$OUT" 256"#,
        limit: 0.2,
        size_limit: f64::INFINITY,
    },
    Row {
        work: "initrd, zstd",
        tree: KATA,
        tools: &[("cpio", "cpio")],
        peer: r#"(cd "$TREE" && find . | cpio --quiet -H newc -o | gzip -9) > "$OUT""#,
        osb: r#""$OSB" initrd -q --rootfs "$TREE" --drop-xattrs -o "$OUT""#,
        limit: 1.0 / 25.0,
        size_limit: 1.0,
    },
    Row {
        work: "initrd, gzip",
        tree: KATA,
        tools: &[("cpio", "cpio")],
        peer: r#"(cd "$TREE" && find . | cpio --quiet -H newc -o | gzip -9) > "$OUT""#,
        osb: r#""$OSB" initrd -q --rootfs "$TREE" --drop-xattrs --compress gzip -o "$OUT""#,
        limit: 0.2,
        size_limit: 1.03,
    },
];

impl Row {
    /// The row with what was measured, as a person reads it.
    pub fn text(&self, [peer, osb]: &[Samples; 2], [theirs, ours]: [u64; 2]) -> String {
        let ratio = osb.median() / peer.median();
        let size = ours as f64 / theirs as f64;
        let is_reached = ratio <= self.limit && size <= self.size_limit;
        let verdict = if is_reached { "yes" } else { "NO" };
        let size = match self.size_limit.is_finite() {
            true => format!(", size {size:.3} <= {:.2}", self.size_limit),
            false => String::new(),
        };
        format!(
            "{:<35} peer {:<26} osb {:<26} {ratio:.3} <= {:.3}{size} {verdict}",
            self.work,
            times(peer),
            times(osb),
            self.limit
        )
    }
}

fn times(samples: &Samples) -> String {
    let (shortest, longest) = samples.range();
    format!("{:.3} s ({shortest:.3} to {longest:.3})", samples.median())
}
