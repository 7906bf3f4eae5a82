//! The index of a compressed file: for each block of it, what begins there.

use crate::compress::Cluster;
use crate::format::{
    BLOCK_BITS, BLOCK_BYTES, CLUSTER_COUNT, CLUSTER_HEAD, CLUSTER_INNER, CLUSTER_PLAIN,
    MAP_BIG_CLUSTERS, MAP_HEADER_BYTES, put,
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

    let blocks = inode.size.div_ceil(BLOCK_BYTES as u64) as usize;
    let index = &mut record[start..];
    let end = mark_end(clusters, inode.size, index);
    for (number, cluster) in clusters.iter().enumerate() {
        let first = block_of(cluster.at);
        let next = clusters.get(number + 1).map_or(end, |next| block_of(next.at));
        let entries = index.chunks_exact_mut(8).take(blocks).skip(first).take(next - first);
        for (place, entry) in entries.enumerate() {
            put_entry(entry, cluster, place as u16, (next - first) as u16);
        }
    }
}

/// Marks where the file ends as if something began there; returns the block where clusters end.
///
/// The kernel takes a cluster to go on to the end of a block unless another begins before.
fn mark_end(clusters: &[Cluster], size: u64, index: &mut [u8]) -> usize {
    let (last, within) = (block_of(size), (size % BLOCK_BYTES as u64) as u16);
    let last_head = clusters.last().map_or(0, |cluster| block_of(cluster.at));
    if within == 0 || last_head == last {
        return size.div_ceil(BLOCK_BYTES as u64) as usize;
    }
    let end = Cluster { at: size, block: 0, blocks: 0, is_plain: true };
    put_entry(&mut index[last * 8..], &end, 0, 1);
    last
}

fn block_of(at: u64) -> usize {
    (at >> BLOCK_BITS) as usize
}

/// Puts the entry of one of the `count` blocks that are a cluster's up to where the next begins.
fn put_entry(entry: &mut [u8], cluster: &Cluster, place: u16, count: u16) {
    if place == 0 {
        let kind = if cluster.is_plain { CLUSTER_PLAIN } else { CLUSTER_HEAD };
        let within = (cluster.at % BLOCK_BYTES as u64) as u16;
        put(entry, 0, &kind.to_le_bytes());
        put(entry, 2, &within.to_le_bytes());
        put(entry, 4, &cluster.block.to_le_bytes());
    } else {
        // The first after the head tells the size on disk instead of the distance, which is one.
        let tells_size = place == 1 && !cluster.is_plain;
        let back = if tells_size { CLUSTER_COUNT | cluster.blocks } else { place };
        put(entry, 0, &CLUSTER_INNER.to_le_bytes());
        put(entry, 4, &back.to_le_bytes());
        put(entry, 6, &(count - place).to_le_bytes());
    }
}
