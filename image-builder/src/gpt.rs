//! A GUID partition table that boot loaders and systemd find the root filesystem by.
//!
//! Types are those of the Discoverable Partitions Specification; no identifier is random.

use std::io::{self, Seek as _};

use fs_err::File;
use gptman::{GPT, GPTPartitionEntry};

use crate::layout::{DiskLayout, Extent, SECTOR_BYTES};

/// The types of one architecture's root and root hash partitions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Types {
    root: [u8; 16],
    verity: [u8; 16],
}

/// For each processor, by all of its names: the types of the root and of its hash tree.
const TYPES: [(&[&str], u128, u128); 8] = [
    (
        &["x86_64", "amd64"],
        0x4f68bce3_e8cd_4db1_96e7_fbcaf984b709,
        0x2c7357ed_ebd2_46d9_aec1_23d437ec2bf5,
    ),
    (
        &["aarch64", "arm64"],
        0xb921b045_1df0_41c3_af44_4c6f280d3fae,
        0xdf3300ce_d69f_4c92_978c_9bfb0f38d820,
    ),
    (
        &["arm", "armhf", "armel", "armv6", "armv7"],
        0x69dad710_2ce4_4e3c_b16c_21a1d49abed3,
        0x7386cdf2_203c_47a9_a498_f2ecce45a2d6,
    ),
    (
        &["i686", "i386", "x86"],
        0x44479540_f297_41b2_9af7_d131d5f0458a,
        0xd13c5d3b_b5d1_422a_b29f_9454fdc89d76,
    ),
    (
        &["ppc64le", "ppc64el"],
        0xc31c45e6_3f39_412e_80fb_4809c4980599,
        0x906bd944_4589_4aae_a4e4_dd983917446a,
    ),
    (&["riscv64"], 0x72ec70a6_cf74_40e6_bd49_4bda08e8f224, 0xb6ed5582_440b_4209_b8da_5ff7c419ea3d),
    (&["s390x"], 0x5eead9a9_fe09_4a1e_a1d7_520d00531306, 0xb325bfbe_c7be_4ab8_8357_139e652d2f6b),
    (
        &["loongarch64", "loong64"],
        0x77055800_792c_4f94_b39a_98c91b762bb6,
        0xf3393b22_e9af_4613_a948_9d3bfbd0c535,
    ),
];

impl Types {
    /// The types for a processor, as the kernel or a distribution calls it.
    pub fn of(machine: &str) -> Option<Self> {
        let found = TYPES.iter().find(|(names, _, _)| names.contains(&machine));
        found.map(|(_, root, verity)| Self { root: mixed(*root), verity: mixed(*verity) })
    }
}

/// The identifiers of a disk and its partitions, in the order in which they are read aloud.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Identifiers {
    /// The disk.
    pub disk: [u8; 16],
    /// The root partition.
    pub root: [u8; 16],
    /// The partition of the hash tree.
    pub verity: [u8; 16],
}

/// What a partition is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// It holds the root filesystem.
    Root,
    /// It holds the hash tree of the root filesystem.
    Hashes,
}

/// Writes both copies of the table to a file that has the layout's size.
pub fn write(
    file: &File,
    layout: &DiskLayout,
    types: Types,
    identifiers: &Identifiers,
) -> io::Result<()> {
    let mut disk = file.file().try_clone()?;
    disk.rewind()?;
    let mut table = GPT::new_from(&mut disk, SECTOR_BYTES, on_disk(identifiers.disk))
        .map_err(io::Error::other)?;
    table[1] = entry(layout.filesystem, types.root, identifiers.root, "root");
    if let Some(hashes) = layout.hashes {
        table[2] = entry(hashes, types.verity, identifiers.verity, "root-verity");
    }
    GPT::write_protective_mbr_into(&mut disk, SECTOR_BYTES).map_err(io::Error::other)?;
    table.write_into(&mut disk).map_err(io::Error::other)?;
    Ok(())
}

fn entry(extent: Extent, type_guid: [u8; 16], guid: [u8; 16], name: &str) -> GPTPartitionEntry {
    GPTPartitionEntry {
        partition_type_guid: type_guid,
        unique_partition_guid: on_disk(guid),
        starting_lba: extent.start / SECTOR_BYTES,
        ending_lba: (extent.start + extent.length) / SECTOR_BYTES - 1,
        attribute_bits: 0,
        partition_name: name.into(),
    }
}

/// What a partition type says: the processor that it is for, and which of its two partitions it is.
pub fn role(type_guid: [u8; 16]) -> Option<(&'static str, Role)> {
    let wanted = u128::from_be_bytes(type_guid);
    TYPES.iter().find_map(|(machines, root, verity)| match wanted {
        _ if wanted == *root => Some((machines[0], Role::Root)),
        _ if wanted == *verity => Some((machines[0], Role::Hashes)),
        _ => None,
    })
}

/// The bytes of a GUID on disk: its first three fields are little-endian.
fn mixed(guid: u128) -> [u8; 16] {
    on_disk(guid.to_be_bytes())
}

/// The same both ways.
pub(crate) fn on_disk(mut bytes: [u8; 16]) -> [u8; 16] {
    bytes[..4].reverse();
    bytes[4..6].reverse();
    bytes[6..8].reverse();
    bytes
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::process::Command;

    use super::*;
    use crate::layout::{MIB, Request, Table};

    fn written(machine: &str) -> tempfile::NamedTempFile {
        let place = tempfile::NamedTempFile::new().unwrap();
        let file = File::from_parts(place.reopen().unwrap(), place.path());
        let layout = DiskLayout::compute(&Request {
            table: Table::Gpt,
            filesystem_bytes: 20 * MIB,
            verity: true,
            align_bytes: MIB,
            size_bytes: None,
        });
        let layout = layout.unwrap();
        file.set_len(layout.size_bytes).unwrap();
        let identifiers = Identifiers { disk: [1; 16], root: [2; 16], verity: [3; 16] };
        write(&file, &layout, Types::of(machine).unwrap(), &identifiers).unwrap();
        place
    }

    #[test]
    fn foreign_tools_find_nothing_wrong_and_know_the_types() {
        if !test_support::needs(&[("sgdisk", "gdisk"), ("sfdisk", "fdisk")]) {
            return;
        }
        for (machine, name) in [
            ("x86_64", "x86-64"),
            ("aarch64", "ARM-64"),
            ("arm", "ARM"),
            ("i686", "x86"),
            ("ppc64le", "PPC64LE"),
            ("riscv64", "RISC-V-64"),
            ("s390x", "S390X"),
            ("loongarch64", "LoongArch-64"),
        ] {
            let place = written(machine);
            let output = Command::new("sgdisk").arg("-v").arg(place.path()).output().unwrap();
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(said.contains("No problems found"), "{said}");
            let output = Command::new("sfdisk").arg("-l").arg(place.path()).output().unwrap();
            let said = String::from_utf8_lossy(&output.stdout).into_owned();
            assert!(said.contains(&format!("Linux root ({name})")), "{said}");
            assert!(said.contains(&format!("Linux root verity ({name})")), "{said}");
        }
    }

    #[test]
    fn nothing_in_the_table_is_random() {
        let bytes = || std::fs::read(written("x86_64").path()).unwrap();
        assert!(bytes() == bytes());
    }
}
