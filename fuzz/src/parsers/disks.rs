//! What whole disks hold: tables, QEMU's format, and a filesystem too large to change as it is.

use std::io::Write as _;
use std::num::NonZeroUsize;
use std::os::unix::fs::FileExt as _;

use fs_err::File;
use image_builder::filesystem::{Basics, Filesystem};
use image_builder::identity::Identity;
use image_builder::layout::{MIB, Table};
use image_builder::{image, partitions, qcow2, recognise};

use super::images::{read, tree};
use crate::Target;

pub(crate) const ALL: &[Target] = &[
    Target { name: "xfs", run: read_xfs, seeds: xfs_images },
    Target { name: "partitions", run: read_partitions, seeds: disks },
    Target { name: "qcow2", run: read_qcow2, seeds: packed_disks },
];

const SECTOR: usize = 512;
/// Disks are no larger, however they are changed.
const SECTORS_MAX: u32 = 1 << 22;

/// A file of what is left of a disk: how many sectors it has, and those that are not zeros, each
/// behind its number.
fn unpacked(data: &[u8]) -> tempfile::NamedTempFile {
    let file = tempfile::NamedTempFile::new().unwrap();
    let Some((count, sectors)) = data.split_first_chunk() else { return file };
    let count = u32::from_le_bytes(*count).min(SECTORS_MAX);
    file.as_file().set_len(u64::from(count) * SECTOR as u64).unwrap();
    for sector in sectors.chunks(4 + SECTOR) {
        let Some((number, bytes)) = sector.split_first_chunk() else { break };
        let number = u32::from_le_bytes(*number);
        if number < count {
            file.as_file().write_all_at(bytes, u64::from(number) * SECTOR as u64).unwrap();
        }
    }
    file
}

/// The form of a file from which the former makes it.
fn packed(file: &File) -> Vec<u8> {
    let count = u32::try_from(file.metadata().unwrap().len() / SECTOR as u64).unwrap();
    let mut data = count.to_le_bytes().to_vec();
    let mut sector = [0; SECTOR];
    for number in 0..count {
        file.file().read_exact_at(&mut sector, u64::from(number) * SECTOR as u64).unwrap();
        if sector != [0; SECTOR] {
            data.write_all(&number.to_le_bytes()).unwrap();
            data.write_all(&sector).unwrap();
        }
    }
    data
}

fn temporary() -> File {
    File::from_parts(tempfile::tempfile().unwrap(), "disk")
}

fn disk(filesystem: Filesystem, table: Table, is_measured: bool) -> File {
    let identity = Identity::new([9; 32]);
    let options = image::Options {
        filesystem,
        table,
        salt: is_measured.then(|| identity.bytes("salt").to_vec()),
        align_bytes: MIB,
        size_bytes: None,
        machine: "x86_64".to_owned(),
        basics: Basics { identity, time: 1_700_000_000, threads: NonZeroUsize::MIN },
    };
    let file = temporary();
    image::write(&tree(), &options, &file, None).unwrap();
    file
}

fn small_disks() -> Vec<File> {
    let erofs = Filesystem::Erofs { compression: None };
    [Table::Mbr { dax: true }, Table::Gpt, Table::None]
        .into_iter()
        .flat_map(|table| [disk(erofs, table, false), disk(erofs, table, true)])
        .collect()
}

fn read_xfs(data: &[u8]) -> bool {
    let file = unpacked(data);
    read(|| xfs::read(file.path(), 0))
}

fn xfs_images() -> Vec<Vec<u8>> {
    vec![packed(&disk(Filesystem::Xfs { free_bytes: 0 }, Table::None, false))]
}

fn read_partitions(data: &[u8]) -> bool {
    let file = unpacked(data);
    let file = File::from_parts(file.reopen().unwrap(), file.path());
    let Ok(disk) = partitions::read(&file) else { return false };
    for partition in &disk.partitions {
        drop(recognise::recognise(&file, partition.extent.start));
    }
    true
}

fn disks() -> Vec<Vec<u8>> {
    small_disks().iter().map(packed).collect()
}

fn read_qcow2(data: &[u8]) -> bool {
    let file = unpacked(data);
    let file = File::from_parts(file.reopen().unwrap(), file.path());
    qcow2::read(&file, &temporary()).is_ok()
}

fn packed_disks() -> Vec<Vec<u8>> {
    let packed_disk = |raw: File| {
        let output = temporary();
        qcow2::write(&raw, raw.metadata().unwrap().len(), &output).unwrap();
        packed(&output)
    };
    small_disks().into_iter().map(packed_disk).collect()
}
