//! Reads the index of a compressed file, in both of its forms.

use super::clusters::Extent;
use super::decompress::Algorithm;
use super::inode::Inode;
use super::metadata::Metadata;
use super::product;
use crate::error::Fault;
use crate::format::{
    ALGORITHM_LZ4, ALGORITHM_ZSTD, BLOCK_BITS, CLUSTER_COUNT, CLUSTER_HEAD, CLUSTER_INNER,
    CLUSTER_PLAIN, INCOMPAT_ZERO_PADDING, Layout, MAP_BIG_CLUSTERS, MAP_BIG_CLUSTERS_2,
    MAP_COMPACT_2B, MAP_HEADER_BYTES, u16_at, u32_at,
};

const DAMAGED: Fault = Fault::Damaged("the index of a compressed file is damaged");

/// Reads where the clusters of a file are.
pub(super) fn read(metadata: &mut Metadata, inode: &Inode) -> Result<Vec<Extent>, Fault> {
    let is_padded = metadata.superblock.incompat & INCOMPAT_ZERO_PADDING != 0;
    if u32::from(metadata.superblock.block_bits) != BLOCK_BITS {
        return Err(Fault::Unsupported("compression with large blocks"));
    }
    let place = inode.trailer.next_multiple_of(8);
    let header = metadata.read(place, MAP_HEADER_BYTES as u64)?;
    let map = Map::decode(&header, is_padded)?;
    let place = place + MAP_HEADER_BYTES as u64;
    let blocks = inode.record.size.div_ceil(1 << BLOCK_BITS);
    let entries = if inode.record.layout == Layout::Compressed {
        read_full(metadata, place + MAP_HEADER_BYTES as u64, blocks)?
    } else {
        read_compact(metadata, place, blocks, &map)?
    };
    extents(&entries, &map)
}

/// What the header says.
struct Map {
    advice: u16,
    algorithms: [u8; 2],
    is_padded: bool,
}

impl Map {
    fn decode(header: &[u8], is_padded: bool) -> Result<Self, Fault> {
        let advice = u16_at(header, 4);
        let known = MAP_COMPACT_2B | MAP_BIG_CLUSTERS | MAP_BIG_CLUSTERS_2;
        if advice & !known != 0 || header[7] != 0 {
            return Err(Fault::Unsupported("a form of compressed files"));
        }
        Ok(Self { advice, algorithms: [header[6] & 15, header[6] >> 4], is_padded })
    }

    fn has_big_clusters(&self) -> bool {
        self.advice & (MAP_BIG_CLUSTERS | MAP_BIG_CLUSTERS_2) != 0
    }

    fn algorithm(&self, kind: u16) -> Result<Algorithm, Fault> {
        let number = match kind {
            CLUSTER_PLAIN => return Ok(Algorithm::Plain),
            CLUSTER_HEAD => self.algorithms[0],
            _ => self.algorithms[1],
        };
        match number {
            ALGORITHM_LZ4 if !self.is_padded => Ok(Algorithm::Lz4Unpadded),
            ALGORITHM_LZ4 => Ok(Algorithm::Lz4),
            ALGORITHM_ZSTD if self.is_padded => Ok(Algorithm::Zstd),
            _ => Err(Fault::Unsupported("a compression algorithm")),
        }
    }
}

/// What the index says of one block of a file.
#[derive(Debug, Clone, Copy)]
enum Entry {
    /// A cluster begins, this far into the block.
    Head { kind: u16, within: u64, block: u32 },
    /// None begins; the first after a head may tell the cluster's blocks on disk.
    Inner { count: Option<u16> },
}

/// The form with eight bytes for each block.
fn read_full(metadata: &mut Metadata, place: u64, blocks: u64) -> Result<Vec<Entry>, Fault> {
    let bytes = product(blocks, 8)?;
    metadata.charge_unique(bytes)?;
    let index = metadata.read(place, bytes)?;
    let entries = index.chunks_exact(8).map(|entry| {
        let advice = u16_at(entry, 0);
        match advice & 3 {
            _ if advice & !3 != 0 => Err(Fault::Unsupported("shared clusters")),
            CLUSTER_INNER => {
                let back = u16_at(entry, 4);
                let count = (back & CLUSTER_COUNT != 0).then_some(back & !CLUSTER_COUNT);
                Ok(Entry::Inner { count })
            }
            kind => {
                let within = u64::from(u16_at(entry, 2));
                Ok(Entry::Head { kind, within, block: u32_at(entry, 4) })
            }
        }
    });
    entries.collect()
}

/// The form with packs: entries of 14 or 16 bits, then one block address for all of them.
fn read_compact(
    metadata: &mut Metadata,
    place: u64,
    blocks: u64,
    map: &Map,
) -> Result<Vec<Entry>, Fault> {
    let mut entries = Vec::new();
    // Packs of 32 bytes hold 16 entries and are aligned; packs of 8 bytes hold two and fill up.
    let until_aligned = (place.next_multiple_of(32) - place) / 4;
    let is_mixed = map.advice & MAP_COMPACT_2B != 0 && until_aligned < blocks;
    let large = if is_mixed { (blocks - until_aligned) / 16 * 16 } else { 0 };
    let small_first = if is_mixed { until_aligned } else { 0 };
    let mut position = place;
    while (entries.len() as u64) < blocks {
        let done = entries.len() as u64;
        let is_large = (small_first..small_first + large).contains(&done);
        let (bytes, bits) = if is_large { (32, 14) } else { (8, 16) };
        metadata.charge_unique(bytes)?;
        let pack = metadata.read(position, bytes)?;
        position += bytes;
        read_pack(&pack, bits, map, &mut entries)?;
    }
    entries.truncate(blocks as usize);
    Ok(entries)
}

fn read_pack(pack: &[u8], bits: usize, map: &Map, entries: &mut Vec<Entry>) -> Result<(), Fault> {
    let values = (pack.len() - 4) * 8 / bits;
    let base = u32_at(pack, pack.len() - 4);
    // Without large clusters the address is that of the block before the first.
    let mut next = if map.has_big_clusters() { 0 } else { 1 };
    let mut is_counted = true;
    for number in 0..values {
        let bit = number * bits;
        let value = u32_at(pack, bit / 8) >> (bit % 8);
        let (low, kind) = ((value & 0xfff) as u16, (value >> 12 & 3) as u16);
        if kind == CLUSTER_INNER {
            let count = (low & CLUSTER_COUNT != 0).then_some(low & !CLUSTER_COUNT);
            if map.has_big_clusters() {
                next += u32::from(count.unwrap_or(if is_counted { 0 } else { 1 }));
                is_counted = true;
            }
            entries.push(Entry::Inner { count });
        } else {
            next += u32::from(!is_counted);
            let block = base.checked_add(next).ok_or(DAMAGED)?;
            entries.push(Entry::Head { kind, within: low.into(), block });
            is_counted = false;
        }
    }
    Ok(())
}

fn extents(entries: &[Entry], map: &Map) -> Result<Vec<Extent>, Fault> {
    let mut extents: Vec<Extent> = Vec::new();
    for (number, entry) in (0u64..).zip(entries) {
        match *entry {
            Entry::Head { within, .. } if within >> BLOCK_BITS != 0 => return Err(DAMAGED),
            Entry::Head { kind, within, block } => extents.push(Extent {
                at: (number << BLOCK_BITS) + within,
                position: u64::from(block) << BLOCK_BITS,
                stored: 1 << BLOCK_BITS,
                algorithm: map.algorithm(kind)?,
            }),
            Entry::Inner { count: Some(count) } if map.has_big_clusters() => {
                let last = extents.last_mut().ok_or(DAMAGED)?;
                last.stored = u64::from(count) << BLOCK_BITS;
            }
            Entry::Inner { .. } => {}
        }
    }
    Ok(extents)
}
