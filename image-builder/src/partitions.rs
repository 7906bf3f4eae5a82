//! Reads where everything in a disk image is, of whoever made it.
//!
//! Nothing that an image claims is believed beyond what can be read of it: partitions may overlap
//! or lie outside, which `Partition::is_inside` tells.

mod dax;
mod gpt;
mod mbr;
mod measured;
#[cfg(test)]
mod tests;

use std::io;

use fs_err::File;

use crate::layout::{Extent, hash_bytes};
use crate::recognise::{bytes_at, recognise};

pub use dax::Dax;
pub use measured::VeritySuperblock;

/// Where everything in a disk image is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disk {
    /// The whole image.
    pub size_bytes: u64,
    /// How partitions are told.
    pub scheme: Scheme,
    /// The partitions, by number; without a table one that is the whole disk.
    pub partitions: Vec<Partition>,
    /// The header that lets a guest map the image.
    pub dax: Option<Dax>,
    /// What proves a filesystem that has no partition.
    pub verity: Option<VeritySuperblock>,
}

/// How a disk says where its partitions are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scheme {
    /// A master boot record.
    Mbr {
        /// The disk's number.
        signature: u32,
    },
    /// A GUID partition table.
    Gpt {
        /// The disk's identifier, in the order in which it is read aloud.
        disk: [u8; 16],
        /// Which of the two copies was read.
        copy: TableCopy,
    },
    /// No table.
    None,
}

/// The copies of a GUID partition table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TableCopy {
    /// The one at the start.
    First,
    /// The one at the end, because the first is damaged.
    Second,
}

/// One partition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Partition {
    /// Its number in the table, from 1; 0 without a table.
    pub number: u32,
    /// Where it is.
    pub extent: Extent,
    /// What the table says that it is.
    pub kind: PartitionKind,
    /// Its name in the table; empty for none.
    pub name: String,
    /// Its identifier, in the order in which it is read aloud.
    pub uuid: Option<[u8; 16]>,
    /// The superblock of a hash tree, if it begins with one.
    pub verity: Option<VeritySuperblock>,
}

/// What a table says of a partition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PartitionKind {
    /// The type in a master boot record, and whether it is for booting.
    Mbr {
        /// The type.
        code: u8,
        /// Whether it carries the boot flag.
        boot: bool,
    },
    /// The type in a GUID partition table, in the order in which it is read aloud.
    Gpt([u8; 16]),
    /// There is no table.
    Whole,
}

/// Why the places in an image could not be read.
#[derive(Debug, thiserror::Error)]
pub enum PartitionsError {
    /// The image cannot be read.
    #[error("read the partition table")]
    Read(#[from] io::Error),
    /// There is neither a table nor a filesystem.
    #[error("there is neither a partition table nor a filesystem")]
    Nothing,
    /// A GUID partition table is announced, and neither copy is whole.
    #[error("both copies of the GUID partition table are damaged: {0}")]
    Gpt(String),
}

impl Partition {
    /// Whether all of it lies inside an image of so many bytes.
    pub fn is_inside(&self, size_bytes: u64) -> bool {
        let Extent { start, length } = self.extent;
        start.checked_add(length).is_some_and(|end| end <= size_bytes)
    }
}

/// Whether some bytes are a boot sector with a partition table.
pub fn has_table(sector: &[u8]) -> bool {
    mbr::Record::parse(sector).is_some()
}

/// Reads where everything in an image is.
pub fn read(file: &File) -> Result<Disk, PartitionsError> {
    let size_bytes = file.metadata()?.len();
    let first = bytes_at(file, 0, mbr::SECTOR)?;
    let Some(record) = mbr::Record::parse(&first) else { return whole(file, size_bytes) };
    let (scheme, partitions) = if record.is_protective() {
        gpt::read(file, size_bytes)?
    } else {
        (Scheme::Mbr { signature: record.signature }, record.partitions(0))
    };
    let mut disk = Disk { size_bytes, scheme, partitions, dax: None, verity: None };
    disk.dax = dax::read(file, &disk.partitions)?;
    for partition in &mut disk.partitions {
        partition.verity = measured::read(file, partition.extent.start)?;
    }
    Ok(disk)
}

/// A filesystem without a table, perhaps with a hash tree behind it.
fn whole(file: &File, size_bytes: u64) -> Result<Disk, PartitionsError> {
    if recognise(file, 0)?.is_none() {
        return Err(PartitionsError::Nothing);
    }
    let extent = Extent { start: 0, length: size_bytes };
    let (kind, name) = (PartitionKind::Whole, String::new());
    let partition = Partition { number: 0, extent, kind, name, uuid: None, verity: None };
    let verity = match size_bytes.checked_sub(hash_bytes(size_bytes)) {
        Some(start) if start > 0 => measured::read(file, start)?,
        _ => None,
    };
    let partitions = vec![partition];
    Ok(Disk { size_bytes, scheme: Scheme::None, partitions, dax: None, verity })
}
