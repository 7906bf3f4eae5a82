//! Every offset and size of an image, computed before one byte is written.

use volume::verity;

/// A mebibyte, to which partitions are aligned.
pub const MIB: u64 = 1 << 20;

/// A sector, in which partition tables count.
pub const SECTOR_BYTES: u64 = 512;

/// Where a DAX header's second partition table lies: what comes from here on is what a guest sees
/// of a persistent-memory device.
pub const DAX_BYTES: u64 = 2 * MIB;

/// How a disk says where its partitions are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// A master boot record, as Kata's images have.
    Mbr {
        /// Whether the header for persistent memory comes first.
        dax: bool,
    },
    /// A GUID partition table.
    Gpt,
    /// The filesystem is the whole disk.
    None,
}

/// What an image must have room for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Request {
    /// How partitions are told.
    pub table: Table,
    /// How many bytes the filesystem needs at least.
    pub filesystem_bytes: u64,
    /// Whether a hash tree comes after the filesystem.
    pub verity: bool,
    /// The image's size is a multiple of this, unless it is given.
    pub align_bytes: u64,
    /// The image's size; none computes the smallest.
    pub size_bytes: Option<u64>,
}

/// Some bytes of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Extent {
    /// Where they begin.
    pub start: u64,
    /// How many there are.
    pub length: u64,
}

/// Where everything of an image is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DiskLayout {
    /// How partitions are told.
    pub table: Table,
    /// The whole image.
    pub size_bytes: u64,
    /// The root filesystem's partition.
    pub filesystem: Extent,
    /// The partition of the hash tree.
    pub hashes: Option<Extent>,
}

/// Why an image cannot be laid out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LayoutError {
    /// The size that was asked for is too small.
    #[error("an image of {size} MiB is too small: it takes {needed} MiB")]
    TooSmall {
        /// The size asked for, in MiB.
        size: u64,
        /// The smallest size that would do, in MiB.
        needed: u64,
    },
    /// The size is not a number of MiB.
    #[error("a size of {0} bytes is not a whole number of MiB")]
    Size(u64),
    /// The alignment is not a number of MiB.
    #[error("an alignment of {0} bytes is not a whole number of MiB")]
    Alignment(u64),
    /// The partition table cannot say where a partition so far out is.
    #[error("an image of {0} bytes is too large for this partition table: use another table")]
    TooLarge(u64),
}

impl DiskLayout {
    /// Computes where everything is.
    pub fn compute(request: &Request) -> Result<Self, LayoutError> {
        let align = request.align_bytes;
        if align == 0 || !align.is_multiple_of(MIB) {
            return Err(LayoutError::Alignment(align));
        }
        let needed = smallest(request);
        let aligned = needed.div_ceil(align).saturating_mul(align);
        let size = request.size_bytes.unwrap_or(aligned);
        // A master boot record counts sectors in 32 bits.
        let limit = match request.table {
            Table::Mbr { .. } => u64::from(u32::MAX) * SECTOR_BYTES,
            Table::Gpt | Table::None => i64::MAX as u64,
        };
        if size.max(needed) > limit {
            return Err(LayoutError::TooLarge(size.max(needed)));
        }
        if !size.is_multiple_of(MIB) {
            return Err(LayoutError::Size(size));
        }
        if size < needed {
            return Err(LayoutError::TooSmall { size: size / MIB, needed: needed / MIB });
        }
        Ok(Self::of_size(request.table, size, request.verity))
    }

    /// Divides an image of this size, a whole number of MiB that is large enough.
    fn of_size(table: Table, size_bytes: u64, verity: bool) -> Self {
        let start = start_of_filesystem(table);
        let end = size_bytes - reserved_at_end(table);
        let split = match (verity, table) {
            (false, _) => end,
            (true, Table::Mbr { .. }) => size_bytes / MIB * 99 / 100 * MIB,
            (true, Table::Gpt | Table::None) => end - hash_bytes(end - start),
        };
        Self {
            table,
            size_bytes,
            filesystem: Extent { start, length: split - start },
            hashes: verity.then_some(Extent { start: split, length: end - split }),
        }
    }
}

/// The smallest number of bytes that does, before alignment.
fn smallest(request: &Request) -> u64 {
    let filesystem = request.filesystem_bytes.div_ceil(MIB).saturating_mul(MIB);
    let start = start_of_filesystem(request.table);
    let end = start.saturating_add(filesystem);
    match (request.verity, request.table) {
        (false, table) => end.saturating_add(reserved_at_end(table)),
        // Kata gives the hash tree the last hundredth, whole MiB rounded up; it needs 0.79 %.
        (true, Table::Mbr { .. }) => {
            (end / MIB).saturating_mul(100).div_ceil(99).saturating_mul(MIB)
        }
        (true, table @ (Table::Gpt | Table::None)) => {
            // The tree over a little more than the filesystem, which the tree itself adds.
            let more = filesystem.saturating_add(filesystem / 64).saturating_add(2 * MIB);
            end.saturating_add(hash_bytes(more)).saturating_add(reserved_at_end(table))
        }
    }
}

fn start_of_filesystem(table: Table) -> u64 {
    match table {
        Table::Mbr { dax: true } => DAX_BYTES + MIB,
        Table::Mbr { dax: false } | Table::Gpt => MIB,
        Table::None => 0,
    }
}

fn reserved_at_end(table: Table) -> u64 {
    match table {
        // The second copy of the table.
        Table::Gpt => MIB,
        Table::Mbr { .. } | Table::None => 0,
    }
}

/// Room for the hash tree over so many bytes and its superblock, in whole MiB.
pub(crate) fn hash_bytes(data_bytes: u64) -> u64 {
    let blocks = 1 + verity::tree_blocks(data_bytes / verity::BLOCK_BYTES);
    (blocks * verity::BLOCK_BYTES).div_ceil(MIB) * MIB
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const KATA: Request = Request {
        table: Table::Mbr { dax: true },
        filesystem_bytes: 200 * MIB,
        verity: false,
        align_bytes: 128 * MIB,
        size_bytes: None,
    };

    #[test]
    fn katas_image_has_katas_numbers() {
        let layout = DiskLayout::compute(&Request { size_bytes: Some(384 * MIB), ..KATA }).unwrap();
        assert_eq!(layout.filesystem, Extent { start: 3 * MIB, length: 780_288 * 512 });
    }

    #[test]
    fn katas_measured_image_has_katas_numbers() {
        let request = Request { verity: true, size_bytes: Some(256 * MIB), ..KATA };
        let layout = DiskLayout::compute(&request).unwrap();
        assert_eq!(layout.filesystem, Extent { start: 6144 * 512, length: 512_000 * 512 });
        assert_eq!(layout.hashes.unwrap(), Extent { start: 518_144 * 512, length: 6144 * 512 });
    }

    #[test]
    fn sizes_are_rounded_up_to_the_alignment() {
        assert_eq!(DiskLayout::compute(&KATA).unwrap().size_bytes, 256 * MIB);
        let request = Request { filesystem_bytes: 254 * MIB, ..KATA };
        assert_eq!(DiskLayout::compute(&request).unwrap().size_bytes, 384 * MIB);
    }

    #[test]
    fn everything_fits_whatever_the_size() {
        for table in [Table::Mbr { dax: true }, Table::Mbr { dax: false }, Table::Gpt, Table::None]
        {
            for verity in [false, true] {
                for bytes in (1..600).map(|number| number * number * 4096).chain([6 << 30, 1 << 40])
                {
                    let request = Request {
                        table,
                        filesystem_bytes: bytes,
                        verity,
                        align_bytes: MIB,
                        size_bytes: None,
                    };
                    let layout = DiskLayout::compute(&request).unwrap();
                    assert!(layout.filesystem.length >= bytes, "{request:?} {layout:?}");
                    let end = layout.filesystem.start + layout.filesystem.length;
                    if let Some(hashes) = layout.hashes {
                        assert_eq!(hashes.start, end);
                        let blocks = layout.filesystem.length / 4096;
                        assert!(
                            hashes.length >= (verity::tree_blocks(blocks) + 1) * 4096,
                            "{layout:?}"
                        );
                    }
                    assert!(end <= layout.size_bytes);
                }
            }
        }
    }

    #[test]
    fn a_size_that_does_not_do_is_refused_with_one_that_does() {
        let error = DiskLayout::compute(&Request { size_bytes: Some(128 * MIB), ..KATA });
        assert_eq!(error, Err(LayoutError::TooSmall { size: 128, needed: 203 }));
        let error = DiskLayout::compute(&Request { size_bytes: Some(300 * MIB + 1), ..KATA });
        assert_eq!(error, Err(LayoutError::Size(300 * MIB + 1)));
        let error = DiskLayout::compute(&Request { align_bytes: 1000, ..KATA });
        assert_eq!(error, Err(LayoutError::Alignment(1000)));
        let error = DiskLayout::compute(&Request { filesystem_bytes: 3 << 40, ..KATA });
        assert!(matches!(error, Err(LayoutError::TooLarge(_))));
        let error = DiskLayout::compute(&Request { filesystem_bytes: u64::MAX, ..KATA });
        assert!(matches!(error, Err(LayoutError::TooLarge(_))));
    }
}
