//! The kernel parameters that boot an image.

use crate::filesystem::Filesystem;
use crate::image::Made;
use crate::layout::{SECTOR_BYTES, Table};
use crate::verity::{Verity, hexadecimal};

/// One way to boot an image: what the parameters are for, and what they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Parameters {
    /// How the guest sees the image.
    pub how: &'static str,
    /// What the kernel is given.
    pub line: String,
}

/// All ways to boot an image.
pub fn parameters(made: &Made, filesystem: &Filesystem) -> Vec<Parameters> {
    let mut ways = vec![way("virtio disk", "vda", made, filesystem, "")];
    if made.layout.table == (Table::Mbr { dax: true }) {
        let dax = if filesystem.name() == "squashfs" { "" } else { "dax," };
        ways.push(way("persistent memory", "pmem0p", made, filesystem, dax));
    }
    if let (Some(verity), Table::Gpt) = (&made.verity, made.layout.table) {
        let hash = hexadecimal(&verity.root_hash);
        let line = format!("systemd.verity=1 roothash={hash} ro");
        ways.push(Parameters { how: "systemd in an initrd", line });
    }
    ways
}

fn way(
    how: &'static str,
    disk: &str,
    made: &Made,
    filesystem: &Filesystem,
    dax: &str,
) -> Parameters {
    let partition = |number: u32| match made.layout.table {
        Table::None => format!("/dev/{disk}"),
        Table::Mbr { .. } | Table::Gpt => format!("/dev/{disk}{number}"),
    };
    let kind = filesystem.name();
    let flags = match kind {
        "ext4" => format!(" rootflags={dax}data=ordered,errors=remount-ro"),
        _ if dax.is_empty() => String::new(),
        _ => " rootflags=dax".to_owned(),
    };
    // Without a journal there is no mode of keeping data in order with it.
    let flags = match filesystem {
        Filesystem::Ext4 { journal: false, .. } => flags.replace("data=ordered,", ""),
        _ => flags,
    };
    let root = match &made.verity {
        None => format!("root={}", partition(1)),
        Some(verity) => mapped(verity, made, &partition(1), &partition(2)),
    };
    Parameters { how, line: format!("{root} rootfstype={kind}{flags} ro") }
}

/// Has the kernel itself make the device that checks every block.
fn mapped(verity: &Verity, made: &Made, data: &str, hashes: &str) -> String {
    let sectors = made.layout.filesystem.length / SECTOR_BYTES;
    // In blocks from the start of the device that holds the tree.
    let own = u64::from(verity.has_superblock);
    let before = match (made.layout.table, made.layout.hashes) {
        (Table::None, Some(hashes)) => hashes.start / 4096,
        _ => 0,
    };
    format!(
        "dm-mod.create=\"dm-verity,,,ro,0 {sectors} verity 1 {data} {hashes} 4096 4096 {} {} sha256 {} {}\" root=/dev/dm-0",
        verity.data_blocks,
        before + own,
        hexadecimal(&verity.root_hash),
        hexadecimal(&verity.salt),
    )
}
