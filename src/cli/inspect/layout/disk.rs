//! The form of a disk image: partitions, filesystems, DAX header, hash trees.

use std::fmt::Write as _;

use image_builder::gpt::{Role, role};
use image_builder::partitions::{
    Dax, Partition, PartitionKind, Scheme, TableCopy, VeritySuperblock,
};
use image_builder::recognise::Superblock;
use serde_json::{Value, json};
use tree::listing::hexadecimal;

use crate::artifact::{DiskForm, Packing};
use crate::progress::{human_bytes, visible};

/// The types of master boot records that an image may have.
const CODES: [(u8, &str); 5] = [
    (0x83, "linux"),
    (0xef, "efi system"),
    (0x82, "linux swap"),
    (0x05, "extended"),
    (0x0c, "fat32"),
];

/// A type that says nothing but that Linux uses it.
const LINUX_DATA: u128 = 0x0fc63daf_8483_4772_8e79_3d69d8477de4;
const EFI_SYSTEM: u128 = 0xc12a7328_f81f_11d2_ba4b_00a0c93ec93b;

pub(super) fn to_text(form: &DiskForm) -> String {
    let disk = &form.disk;
    let packing = match form.packing {
        Packing::Raw => "raw".to_owned(),
        Packing::Qcow2 => format!("qcow2 of {} bytes", disk.size_bytes),
        Packing::Compressed(compression) => {
            format!("{} bytes, compressed with {compression}", disk.size_bytes)
        }
    };
    let mut text = format!("  disk image, {packing}\n  {}\n", scheme_text(disk.scheme));
    if let Some(dax) = &disk.dax {
        text += &dax_text(dax);
    }
    for (partition, found) in disk.partitions.iter().zip(&form.filesystems) {
        text += &partition_text(partition, disk.size_bytes);
        text += &found.as_ref().map_or_else(String::new, filesystem_text);
        text += &partition.verity.as_ref().map_or_else(String::new, verity_text);
        if found.is_none() && is_after_measured(partition, &disk.partitions) {
            text += "    a hash tree without a superblock: its root hash is not in the image\n";
        }
    }
    text + &disk.verity.as_ref().map_or_else(String::new, verity_text)
}

pub(super) fn to_json(form: &DiskForm) -> Value {
    let disk = &form.disk;
    let partitions = disk.partitions.iter().zip(&form.filesystems);
    let partitions = partitions.map(|(partition, found)| {
        json!({
            "number": partition.number,
            "start": partition.extent.start,
            "size": partition.extent.length,
            "inside": partition.is_inside(disk.size_bytes),
            "type": kind_word(partition.kind),
            "boot": matches!(partition.kind, PartitionKind::Mbr { boot: true, .. }),
            "name": partition.name,
            "uuid": partition.uuid.map(uuid),
            "filesystem": found.as_ref().map(filesystem_json),
            "verity": partition.verity.as_ref().map(verity_json),
        })
    });
    let packing = match form.packing {
        Packing::Raw => "raw".to_owned(),
        Packing::Qcow2 => "qcow2".to_owned(),
        Packing::Compressed(compression) => compression.to_string(),
    };
    json!({
        "form": "disk",
        "packing": packing,
        "disk_size": disk.size_bytes,
        "table": scheme_json(disk.scheme),
        "dax": disk.dax.as_ref().map(|dax| json!({
            "data": dax.data_bytes, "checksum_right": dax.is_whole, "table_agrees": dax.agrees,
        })),
        "partitions": partitions.collect::<Vec<_>>(),
        "verity": disk.verity.as_ref().map(verity_json),
    })
}

fn scheme_text(scheme: Scheme) -> String {
    match scheme {
        Scheme::None => "no partition table".to_owned(),
        Scheme::Mbr { signature } => format!("partition table mbr, signature {signature:08x}"),
        Scheme::Gpt { disk, copy: TableCopy::First } => {
            format!("partition table gpt, disk {}", uuid(disk))
        }
        Scheme::Gpt { disk, copy: TableCopy::Second } => {
            format!("partition table gpt, disk {}; its first copy is DAMAGED", uuid(disk))
        }
    }
}

fn scheme_json(scheme: Scheme) -> Value {
    match scheme {
        Scheme::None => Value::Null,
        Scheme::Mbr { signature } => {
            json!({"scheme": "mbr", "signature": format!("{signature:08x}")})
        }
        Scheme::Gpt { disk, copy } => {
            json!({"scheme": "gpt", "disk": uuid(disk), "damaged": copy == TableCopy::Second})
        }
    }
}

fn dax_text(dax: &Dax) -> String {
    let checksum = if dax.is_whole { "" } else { "; its checksum is WRONG" };
    let table = if dax.agrees { "agrees" } else { "DISAGREES" };
    format!(
        "  dax header: a guest maps from {}, where the table {table}{checksum}\n",
        dax.data_bytes
    )
}

fn partition_text(partition: &Partition, size_bytes: u64) -> String {
    let extent = partition.extent;
    if partition.kind == PartitionKind::Whole {
        return "  the whole disk\n".to_owned();
    }
    let mut text = format!(
        "  partition {}: at {}, {} ({} bytes), {}",
        partition.number,
        extent.start,
        human_bytes(extent.length),
        extent.length,
        kind_word(partition.kind),
    );
    if matches!(partition.kind, PartitionKind::Mbr { boot: true, .. }) {
        text.push_str(", boot flag");
    }
    if !partition.name.is_empty() {
        let _ = write!(text, ", named {:?}", partition.name);
    }
    if let Some(found) = partition.uuid {
        let _ = write!(text, ", uuid {}", uuid(found));
    }
    if !partition.is_inside(size_bytes) {
        text.push_str(", reaches BEYOND THE END of the disk");
    }
    text + "\n"
}

/// Kata's measured images have the boot flag on the root and the bare hash tree behind it.
fn is_after_measured(partition: &Partition, all: &[Partition]) -> bool {
    let boot = PartitionKind::Mbr { code: 0x83, boot: true };
    let is_second = partition.number == 2 && matches!(partition.kind, PartitionKind::Mbr { .. });
    is_second && all.len() == 2 && all.first().is_some_and(|first| first.kind == boot)
}

fn filesystem_text(found: &Superblock) -> String {
    let mut text = format!("    {}", found.name);
    if let Some(bytes) = found.size_bytes {
        let _ = write!(text, ", {} ({bytes} bytes)", human_bytes(bytes));
    }
    if let Some(found) = found.uuid {
        let _ = write!(text, ", uuid {}", uuid(found));
    }
    if !found.label.is_empty() {
        let _ = write!(text, ", label {:?}", found.label);
    }
    if found.reader.is_none() {
        text.push_str("; osb cannot read its files");
    }
    text + "\n"
}

fn filesystem_json(found: &Superblock) -> Value {
    json!({
        "name": found.name,
        "size": found.size_bytes,
        "uuid": found.uuid.map(uuid),
        "label": found.label,
        "readable": found.reader.is_some(),
    })
}

fn verity_text(found: &VeritySuperblock) -> String {
    let hash = found.root_hash.map_or_else(|| "not known".to_owned(), |hash| hexadecimal(&hash));
    format!(
        "    verity superblock at {}: {} blocks of {} bytes, {}, hash blocks of {} bytes\n    \
         root hash {hash}\n    salt {}\n    uuid {}\n",
        found.offset,
        found.data_blocks,
        found.data_block_bytes,
        visible(&found.algorithm),
        found.hash_block_bytes,
        hexadecimal(&found.salt),
        uuid(found.uuid),
    )
}

fn verity_json(found: &VeritySuperblock) -> Value {
    json!({
        "offset": found.offset,
        "uuid": uuid(found.uuid),
        "algorithm": found.algorithm,
        "data_block_size": found.data_block_bytes,
        "hash_block_size": found.hash_block_bytes,
        "data_blocks": found.data_blocks,
        "salt": hexadecimal(&found.salt),
        "root_hash": found.root_hash.map(|hash| hexadecimal(&hash)),
    })
}

/// What a table says that a partition is.
fn kind_word(kind: PartitionKind) -> String {
    match kind {
        PartitionKind::Whole => "whole disk".to_owned(),
        PartitionKind::Mbr { code, .. } => {
            let known = CODES.iter().find(|(known, _)| *known == code);
            known.map_or_else(|| format!("type {code:02x}"), |(_, name)| (*name).to_owned())
        }
        PartitionKind::Gpt(guid) => match (role(guid), u128::from_be_bytes(guid)) {
            (Some((machine, Role::Root)), _) => format!("root ({machine})"),
            (Some((machine, Role::Hashes)), _) => format!("root verity ({machine})"),
            (None, LINUX_DATA) => "linux".to_owned(),
            (None, EFI_SYSTEM) => "efi system".to_owned(),
            (None, _) => format!("type {}", uuid(guid)),
        },
    }
}

fn uuid(bytes: [u8; 16]) -> String {
    let digits = hexadecimal(&bytes);
    let parts = [&digits[..8], &digits[8..12], &digits[12..16], &digits[16..20], &digits[20..]];
    parts.join("-")
}
