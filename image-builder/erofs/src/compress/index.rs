//! The index of a compressed file: for each block of it, what begins there.

use crate::compress::Cluster;
use crate::format::{
    BLOCK_BYTES, CLUSTER_COUNT, CLUSTER_HEAD, CLUSTER_INNER, CLUSTER_PLAIN, MAP_BIG_CLUSTERS,
    MAP_HEADER_BYTES, put,
};
use crate::options::Options;
use crate::plan::Inode;

/// Puts the header and the index behind the inode and its attributes.
pub(crate) fn put_index(options: &Options, clusters: &[Cluster], inode: &Inode, record: &mut [u8]) {
    let Some(compression) = options.compression else { return };
    let start = inode.trailer_offset();
    let header = &mut record[start - 2 * MAP_HEADER_BYTES..start];
    put(header, 4, &MAP_BIG_CLUSTERS.to_le_bytes());
    let algorithm = compression.algorithm.number();
    header[6] = algorithm | algorithm << 4;

    let blocks_each = compression.cluster_bytes as usize / BLOCK_BYTES;
    let blocks = inode.size.div_ceil(BLOCK_BYTES as u64) as usize;
    for (number, cluster) in clusters.iter().enumerate() {
        let first = number * blocks_each;
        let count = blocks_each.min(blocks - first);
        let entries = record[start + first * 8..].chunks_exact_mut(8).take(count);
        for (place, entry) in entries.enumerate() {
            put_entry(entry, cluster, place as u16, count as u16);
        }
    }
}

/// Puts the entry of one of the `count` blocks that a cluster has in the file.
fn put_entry(entry: &mut [u8], cluster: &Cluster, place: u16, count: u16) {
    if cluster.is_plain {
        put(entry, 0, &CLUSTER_PLAIN.to_le_bytes());
        put(entry, 4, &(cluster.block + u32::from(place)).to_le_bytes());
    } else if place == 0 {
        put(entry, 0, &CLUSTER_HEAD.to_le_bytes());
        put(entry, 4, &cluster.block.to_le_bytes());
    } else {
        // The first after the head tells the size on disk instead of the distance, which is one.
        let back = if place == 1 { CLUSTER_COUNT | cluster.blocks } else { place };
        put(entry, 0, &CLUSTER_INNER.to_le_bytes());
        put(entry, 4, &back.to_le_bytes());
        put(entry, 6, &(count - place).to_le_bytes());
    }
}
