//! Reads a master boot record.

use super::{Partition, PartitionKind};
use crate::layout::{Extent, SECTOR_BYTES};

pub(super) const SECTOR: usize = 512;
const TABLE: usize = 0x1be;
const ENTRY: usize = 16;
/// The type of the one partition that keeps old tools off a GUID partition table.
const PROTECTIVE: u8 = 0xee;
const BOOT: u8 = 0x80;

/// A boot sector whose table makes sense.
pub(super) struct Record {
    pub(super) signature: u32,
    entries: Vec<Entry>,
}

struct Entry {
    number: u32,
    status: u8,
    code: u8,
    start: u32,
    count: u32,
}

impl Record {
    /// Reads a sector; none if its table does not make sense.
    ///
    /// A filesystem may end its first sector like a boot sector: then the entries tell.
    pub(super) fn parse(sector: &[u8]) -> Option<Self> {
        if sector.len() < SECTOR || sector[510..512] != [0x55, 0xaa] {
            return None;
        }
        let table = sector[TABLE..510].chunks_exact(ENTRY);
        let entries: Vec<Entry> =
            (1..).zip(table).map(|(number, bytes)| Entry::parse(number, bytes)).collect();
        if entries.iter().any(|entry| entry.status & !BOOT != 0) {
            return None;
        }
        let used = |entry: &Entry| entry.code != 0 && entry.start != 0 && entry.count != 0;
        let entries: Vec<Entry> = entries.into_iter().filter(used).collect();
        (!entries.is_empty()).then(|| Self { signature: u32_at(sector, 0x1b8), entries })
    }

    pub(super) fn is_protective(&self) -> bool {
        self.entries.iter().any(|entry| entry.code == PROTECTIVE)
    }

    /// The partitions of a disk that begins at `origin` of the image.
    pub(super) fn partitions(&self, origin: u64) -> Vec<Partition> {
        let partition = |entry: &Entry| Partition {
            number: entry.number,
            extent: Extent {
                start: origin + u64::from(entry.start) * SECTOR_BYTES,
                length: u64::from(entry.count) * SECTOR_BYTES,
            },
            kind: PartitionKind::Mbr { code: entry.code, boot: entry.status == BOOT },
            name: String::new(),
            uuid: None,
            verity: None,
        };
        self.entries.iter().map(partition).collect()
    }
}

impl Entry {
    fn parse(number: u32, bytes: &[u8]) -> Self {
        let (start, count) = (u32_at(bytes, 8), u32_at(bytes, 12));
        Self { number, status: bytes[0], code: bytes[4], start, count }
    }
}

fn u32_at(bytes: &[u8], place: usize) -> u32 {
    bytes[place..].first_chunk().map_or(0, |bytes| u32::from_le_bytes(*bytes))
}
