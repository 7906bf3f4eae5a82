//! Reads the header that lets a guest map an image as persistent memory.

use std::io;

use fs_err::File;

use super::{Partition, mbr};
use crate::dax::{CHECKSUM, MAGIC, OFFSET, fletcher64};
use crate::recognise::bytes_at;

/// What the header says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dax {
    /// Where the device begins that a guest sees.
    pub data_bytes: u64,
    /// Whether the header's checksum is right.
    pub is_whole: bool,
    /// Whether the table that the guest sees names the same bytes as the first one.
    pub agrees: bool,
}

/// Looks for the header; `partitions` are those of the first table.
pub(super) fn read(file: &File, partitions: &[Partition]) -> io::Result<Option<Dax>> {
    let mut block = bytes_at(file, OFFSET, 4096)?;
    if !block.starts_with(MAGIC) {
        return Ok(None);
    }
    let u64_at = |place: usize| block[place..].first_chunk().map_or(0, |b| u64::from_le_bytes(*b));
    let (data_bytes, checksum) = (u64_at(0x38), u64_at(CHECKSUM));
    block[CHECKSUM..].fill(0);
    let sector = bytes_at(file, data_bytes, mbr::SECTOR)?;
    // No table counts beyond two terabytes.
    let second = mbr::Record::parse(&sector).filter(|_| data_bytes < 1 << 42);
    let second = second.map(|record| record.partitions(data_bytes));
    let places = |partitions: &[Partition]| -> Vec<_> {
        partitions.iter().map(|partition| partition.extent).collect()
    };
    Ok(Some(Dax {
        data_bytes,
        is_whole: checksum == fletcher64(&block),
        agrees: second.is_some_and(|second| places(&second) == places(partitions)),
    }))
}
