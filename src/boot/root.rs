//! How the root of an artifact is reached from inside a machine.

use std::path::{Path, PathBuf};

use handover::{Root, Verity};
use image_builder::partitions::Partition;
use image_builder::verity::hexadecimal;

use super::BootError;
use crate::artifact::DiskForm;

/// The filesystems that a guest can write to.
const WRITABLE: [&str; 5] = ["ext2", "ext3", "ext4", "xfs", "btrfs"];

/// How long a guest waits for its disk; emulated ones are there at once.
const WAIT_SECONDS: u32 = 20;

/// Finds the root of the first disk of a machine.
///
/// What nothing proves and can be written to is mounted so: changes go to the disk, or nowhere.
pub fn find(artifact: &Path, disk: &DiskForm) -> anyhow::Result<Root> {
    let (partition, superblock) = disk.root(artifact)?;
    let verity = verity(artifact, disk, partition)?;
    let is_writable = verity.is_none() && WRITABLE.contains(&superblock.name);
    Ok(Root {
        device: device(partition.number),
        filesystem: superblock.name.to_owned(),
        options: if is_writable { "rw" } else { "ro" }.to_owned(),
        wait_seconds: WAIT_SECONDS,
        verity,
    })
}

/// A partition of the first disk, or the whole of it.
fn device(number: u32) -> String {
    if number == 0 { "/dev/vda".to_owned() } else { format!("/dev/vda{number}") }
}

fn verity(artifact: &Path, disk: &DiskForm, root: &Partition) -> anyhow::Result<Option<Verity>> {
    let behind = disk.disk.partitions.iter().find(|other| other.number == root.number + 1);
    let inside = disk.disk.verity.as_ref().map(|found| (found, root));
    let own = behind.and_then(|other| Some((other.verity.as_ref()?, other))).or(inside);
    if let Some((found, partition)) = own {
        let root_hash = found.root_hash.ok_or(BootError::RootHash(artifact.to_owned()))?;
        let block = u64::from(found.hash_block_bytes.max(1));
        let start = found.offset.saturating_sub(partition.extent.start) / block;
        return Ok(Some(Verity {
            hash_device: device(partition.number),
            data_block_bytes: found.data_block_bytes,
            hash_block_bytes: found.hash_block_bytes,
            data_blocks: found.data_blocks,
            hash_start_block: start + 1,
            algorithm: found.algorithm.clone(),
            root_hash: hexadecimal(&root_hash),
            salt: hexadecimal(&found.salt),
        }));
    }
    // Kata's layout has no superblock: what proves the image is in a file beside it.
    let Some(hashes) = behind.filter(|_| root.number == 1) else { return Ok(None) };
    let lines = beside(artifact)?.into_iter().filter_map(|path| parse(&path, hashes.number));
    let fits = |table: &Verity| {
        table.data_blocks.checked_mul(table.data_block_bytes.into()) == Some(root.extent.length)
    };
    let mut tables: Vec<Verity> = lines.filter(fits).collect();
    tables.dedup();
    match tables.len() {
        0 => Ok(None),
        1 => Ok(tables.pop()),
        _ => Err(BootError::RootHashes(artifact.to_owned()).into()),
    }
}

/// The files of root hashes that a build leaves beside its image.
fn beside(artifact: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let directory = artifact.parent().filter(|parent| !parent.as_os_str().is_empty());
    let mut found = Vec::new();
    for entry in fs_err::read_dir(directory.unwrap_or(Path::new(".")))? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if name.starts_with("root_hash_") && name.ends_with(".txt") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// Reads the line of five keys that Kata's tools read, too.
fn parse(path: &Path, partition: u32) -> Option<Verity> {
    let text = fs_err::read_to_string(path).ok()?;
    let value = |key: &str| {
        let pairs = text.trim().split(',').filter_map(|pair| pair.split_once('='));
        pairs.filter(|(name, _)| *name == key).map(|(_, value)| value.to_owned()).next()
    };
    let hexadecimal = |key| {
        value(key)
            .filter(|value| !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    Some(Verity {
        hash_device: device(partition),
        data_block_bytes: value("data_block_size")?.parse().ok()?,
        hash_block_bytes: value("hash_block_size")?.parse().ok()?,
        data_blocks: value("data_blocks")?.parse().ok()?,
        hash_start_block: 0,
        algorithm: "sha256".to_owned(),
        root_hash: hexadecimal("root_hash")?,
        salt: hexadecimal("salt")?,
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_line_beside_an_image_is_read() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("root_hash_x.txt");
        let text =
            "root_hash=ab12,salt=00,data_blocks=7,data_block_size=4096,hash_block_size=4096\n";
        fs_err::write(&path, text).unwrap();
        let table = parse(&path, 2).unwrap();
        assert_eq!((table.hash_device.as_str(), table.data_blocks), ("/dev/vda2", 7));
        assert_eq!((table.root_hash.as_str(), table.salt.as_str()), ("ab12", "00"));
        fs_err::write(&path, text.replace("ab12", "ab 1")).unwrap();
        assert_eq!(parse(&path, 2), None);
    }
}
