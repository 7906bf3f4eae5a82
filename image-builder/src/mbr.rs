//! A master boot record, of which only the partition table counts.

use crate::layout::{Extent, SECTOR_BYTES};

const SECTOR: usize = 512;

/// The type byte of a Linux filesystem.
const LINUX: u8 = 0x83;

/// In a measured image the root partition carries the boot flag, as Kata's tools set it.
const BOOT: u8 = 0x80;

/// Says that the place is to be taken from the sector numbers.
const NO_GEOMETRY: [u8; 3] = [0xfe, 0xff, 0xff];

/// A master boot record of primary partitions; the first is for booting if there are two.
///
/// `origin` is where the disk begins that the record describes. Extents are known to be within
/// what 32 bits can count.
pub fn record(partitions: &[Extent], origin: u64, signature: u32) -> [u8; SECTOR] {
    let mut sector = [0; SECTOR];
    sector[0x1b8..0x1bc].copy_from_slice(&signature.to_le_bytes());
    for (number, partition) in partitions.iter().enumerate().take(4) {
        let entry = &mut sector[0x1be + 16 * number..][..16];
        entry[0] = if number == 0 && partitions.len() > 1 { BOOT } else { 0 };
        entry[1..4].copy_from_slice(&NO_GEOMETRY);
        entry[4] = LINUX;
        entry[5..8].copy_from_slice(&NO_GEOMETRY);
        let (start, count) = (partition.start - origin, partition.length);
        entry[8..12].copy_from_slice(&((start / SECTOR_BYTES) as u32).to_le_bytes());
        entry[12..16].copy_from_slice(&((count / SECTOR_BYTES) as u32).to_le_bytes());
    }
    sector[510..].copy_from_slice(&[0x55, 0xaa]);
    sector
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::layout::MIB;

    #[test]
    fn both_records_of_an_image_name_the_same_bytes() {
        let partition = [Extent { start: 3 * MIB, length: 780_288 * 512 }];
        let (first, second) = (record(&partition, 0, 7), record(&partition, 2 * MIB, 7));
        assert_eq!(first[0x1be + 8..0x1be + 16], [0, 24, 0, 0, 0, 232, 11, 0]);
        assert_eq!(second[0x1be + 8..0x1be + 16], [0, 8, 0, 0, 0, 232, 11, 0]);
        assert_eq!(first[0x1be], 0);
    }
}
