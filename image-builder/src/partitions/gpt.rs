//! Reads a GUID partition table, the second copy if the first is damaged.

use std::io::{self, Cursor};

use fs_err::File;
use gptman::{GPTHeader, GPTPartitionEntry};

use super::{Partition, PartitionKind, PartitionsError, Scheme, TableCopy};
use crate::gpt::on_disk;
use crate::layout::{Extent, SECTOR_BYTES};
use crate::recognise::bytes_at;

/// Other sizes are allowed and never seen.
const ENTRY_BYTES: u32 = 128;
/// Eight times as many as a table has.
const ENTRIES_MAX: u32 = 1024;

type Table = (GPTHeader, Vec<GPTPartitionEntry>);

pub(super) fn read(
    file: &File,
    size_bytes: u64,
) -> Result<(Scheme, Vec<Partition>), PartitionsError> {
    let last = (size_bytes / SECTOR_BYTES).saturating_sub(1);
    let (table, copy) = match read_copy(file, 1)? {
        Ok(table) => (table, TableCopy::First),
        Err(reason) => match read_copy(file, last)? {
            Ok(table) => (table, TableCopy::Second),
            Err(_) => return Err(PartitionsError::Gpt(reason)),
        },
    };
    let (header, entries) = table;
    let used = (1..).zip(&entries).filter(|(_, entry)| entry.is_used());
    let partitions = used.filter_map(|(number, entry)| partition(number, entry)).collect();
    Ok((Scheme::Gpt { disk: on_disk(header.disk_guid), copy }, partitions))
}

/// Reads the copy whose header is this sector, or says what is wrong with it.
fn read_copy(file: &File, sector: u64) -> io::Result<Result<Table, String>> {
    let place = sector.saturating_mul(SECTOR_BYTES);
    let bytes = bytes_at(file, place, SECTOR_BYTES as usize)?;
    let header = match GPTHeader::read_from(&mut Cursor::new(&bytes)) {
        Ok(header) => header,
        Err(error) => return Ok(Err(error.to_string())),
    };
    let count = header.number_of_partition_entries;
    if header.size_of_partition_entry != ENTRY_BYTES || count > ENTRIES_MAX {
        return Ok(Err("its entries have a number or a size that cannot be".to_owned()));
    }
    let Some(start) = header.partition_entry_lba.checked_mul(SECTOR_BYTES) else {
        return Ok(Err("its entries lie beyond any disk".to_owned()));
    };
    let mut bytes = bytes_at(file, start, (count * ENTRY_BYTES) as usize)?;
    // The library reads a little more than an entry at a time.
    bytes.resize(bytes.len() + SECTOR_BYTES as usize, 0);
    let moved = GPTHeader { partition_entry_lba: 0, ..header.clone() };
    let entries = moved.read_partitions(&mut Cursor::new(&bytes), SECTOR_BYTES);
    Ok(entries.map(|entries| (header, entries)).map_err(|error| error.to_string()))
}

/// Passes over entries that describe nothing that a disk could hold.
fn partition(number: u32, entry: &GPTPartitionEntry) -> Option<Partition> {
    let sectors = entry.ending_lba.checked_add(1)?.checked_sub(entry.starting_lba)?;
    let extent = Extent {
        start: entry.starting_lba.checked_mul(SECTOR_BYTES)?,
        length: sectors.checked_mul(SECTOR_BYTES)?,
    };
    Some(Partition {
        number,
        extent,
        kind: PartitionKind::Gpt(on_disk(entry.partition_type_guid)),
        name: entry.partition_name.as_str().to_owned(),
        uuid: Some(on_disk(entry.unique_partition_guid)),
        verity: None,
    })
}
