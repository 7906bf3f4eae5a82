//! Compresses contents to clusters.
//!
//! A cluster is as much of a file as compresses to so many blocks. It ends at the end of its last
//! block and is preceded by zeros; where that saves no block, blocks are stored as they are. Files
//! are compressed in segments that know nothing of each other, by several threads.

mod codec;
mod index;
mod pipeline;
mod segment;

use std::collections::HashMap;

use volume::Volume;

use crate::error::Error;
use crate::format::{BLOCK_BYTES, Layout, NO_BLOCK};
use crate::options::Compression;
use crate::plan::{Plan, Shape};
use crate::write::Output;
pub(crate) use index::put_index;
use segment::Worker;

/// The least that a segment has; a multiple of a block, as all segments are.
const SEGMENT_BYTES: u64 = 1 << 20;
/// A segment has room for this many clusters that do not shrink.
const SEGMENT_CLUSTERS: u64 = 4;

/// Where compressed files went.
#[derive(Debug)]
pub(crate) struct Packed {
    /// The clusters of each compressed inode.
    pub clusters: HashMap<usize, Vec<Cluster>>,
    /// The first block after all of them.
    pub end_block: u64,
}

/// A cluster on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cluster {
    /// Where in the file it begins. No two begin in the same block of the file.
    pub at: u64,
    pub block: u32,
    pub blocks: u16,
    pub is_plain: bool,
}

/// One segment of one file.
#[derive(Debug, Clone, Copy)]
struct Segment {
    inode: usize,
    offset: u64,
}

/// Compresses and writes all that is to be compressed, behind everything else.
pub(crate) fn write_clusters(plan: &Plan, volume: &dyn Volume) -> Result<Packed, Error> {
    let mut packed = Packed { clusters: HashMap::new(), end_block: plan.layout.blocks };
    let Some(compression) = plan.options.compression else { return Ok(packed) };
    let segments = segments(plan, compression);
    let mut output = Output::new(volume);
    output.go_to(packed.end_block)?;
    let worker = || Worker::new(plan, compression);
    pipeline::run(plan.options.threads, &segments, &worker, |segment, made| {
        let first = packed.end_block;
        packed.end_block += (made.bytes.len() / BLOCK_BYTES) as u64;
        if packed.end_block >= u64::from(NO_BLOCK) {
            return Err(Error::TooLarge);
        }
        let placed = made.clusters.iter().map(|cluster| Cluster {
            at: segment.offset + cluster.at,
            block: first as u32 + cluster.block,
            ..*cluster
        });
        packed.clusters.entry(segment.inode).or_default().extend(placed);
        output.append(&made.bytes)
    })?;
    output.flush()?;
    Ok(packed)
}

/// How an inode with these clusters says where they are: one that is stored as it is, plainly.
pub(crate) fn layout_and_place(clusters: Option<&Vec<Cluster>>) -> (Layout, u32) {
    let clusters = clusters.map_or(&[][..], Vec::as_slice);
    match clusters.first() {
        Some(first) if clusters.iter().all(|cluster| cluster.is_plain) => {
            (Layout::Plain, first.block)
        }
        _ => {
            let blocks = clusters.iter().map(|cluster| u32::from(cluster.blocks)).sum();
            (Layout::Compressed, blocks)
        }
    }
}

/// How much of a file one thread compresses at a time.
fn segment_bytes(compression: Compression) -> u64 {
    SEGMENT_BYTES.max(u64::from(compression.cluster_bytes) * SEGMENT_CLUSTERS)
}

fn segments(plan: &Plan, compression: Compression) -> Vec<Segment> {
    let mut segments = Vec::new();
    for (number, inode) in plan.inodes.iter().enumerate() {
        if matches!(inode.shape, Shape::Clusters) {
            let offsets = (0..inode.size).step_by(segment_bytes(compression) as usize);
            segments.extend(offsets.map(|offset| Segment { inode: number, offset }));
        }
    }
    segments
}
