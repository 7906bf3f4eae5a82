//! Compresses contents, cluster by cluster.
//!
//! A cluster is a fixed part of a file. Compressed, it ends at the end of its last block and is
//! preceded by zeros; where that saves no block, its blocks are stored as they are.

mod codec;
mod index;
mod pipeline;

use std::collections::HashMap;

use tree::Kind;
use volume::Volume;

use crate::error::Error;
use crate::format::{BLOCK_BYTES, Layout, NO_BLOCK};
use crate::options::Compression;
use crate::plan::{Inode, Plan, Shape};
use crate::write::{Output, Source};
use codec::Codec;
pub(crate) use index::put_index;

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
    pub block: u32,
    pub blocks: u16,
    pub is_plain: bool,
}

/// One cluster of one file.
#[derive(Debug, Clone, Copy)]
struct Part {
    inode: usize,
    offset: u64,
}

/// Compresses and writes all that is to be compressed, behind everything else.
pub(crate) fn write_clusters(plan: &Plan, volume: &dyn Volume) -> Result<Packed, Error> {
    let mut packed = Packed { clusters: HashMap::new(), end_block: plan.layout.blocks };
    let Some(compression) = plan.options.compression else { return Ok(packed) };
    let parts = parts(plan, compression);
    let mut output = Output::new(volume);
    output.go_to(packed.end_block)?;
    let worker = || Worker::new(plan, compression);
    pipeline::run(plan.options.threads, &parts, &worker, |part, made| {
        let blocks = made.bytes.len() / BLOCK_BYTES;
        let block = packed.end_block as u32;
        packed.end_block += blocks as u64;
        if packed.end_block >= u64::from(NO_BLOCK) {
            return Err(Error::TooLarge);
        }
        let cluster = Cluster { block, blocks: blocks as u16, is_plain: made.is_plain };
        packed.clusters.entry(part.inode).or_default().push(cluster);
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

fn parts(plan: &Plan, compression: Compression) -> Vec<Part> {
    let mut parts = Vec::new();
    for (number, inode) in plan.inodes.iter().enumerate() {
        if matches!(inode.shape, Shape::Clusters) {
            let offsets = (0..inode.size).step_by(compression.cluster_bytes as usize);
            parts.extend(offsets.map(|offset| Part { inode: number, offset }));
        }
    }
    parts
}

/// What becomes of a part: whole blocks.
struct Made {
    bytes: Vec<u8>,
    is_plain: bool,
}

/// What a thread compresses with.
struct Worker<'a> {
    inodes: &'a [Inode<'a>],
    cluster_bytes: u64,
    codec: Codec,
    source: Source,
    output: Vec<u8>,
}

impl<'a> Worker<'a> {
    fn new(plan: &'a Plan, compression: Compression) -> std::io::Result<Self> {
        Ok(Self {
            inodes: &plan.inodes,
            cluster_bytes: compression.cluster_bytes.into(),
            codec: Codec::new(compression)?,
            source: Source::default(),
            output: Vec::new(),
        })
    }

    fn compress(&mut self, part: Part) -> Result<Made, Error> {
        let inode = &self.inodes[part.inode];
        self.read_and_compress(inode, part.offset)
            .map_err(|source| Error::Content { path: inode.path.clone(), source })
    }

    fn read_and_compress(&mut self, inode: &Inode, offset: u64) -> std::io::Result<Made> {
        let Kind::File(content) = &inode.node.kind else {
            return Ok(Made { bytes: Vec::new(), is_plain: true });
        };
        let count = (inode.size - offset).min(self.cluster_bytes) as usize;
        let mut input = vec![0; count.next_multiple_of(BLOCK_BYTES)];
        self.source.read_at(content, offset, &mut input[..count])?;
        let most = input.len() - BLOCK_BYTES;
        let length = self.codec.compress(&input[..count], most, &mut self.output)?;
        let Some(length) = length else { return Ok(Made { bytes: input, is_plain: true }) };
        let mut bytes = vec![0; length.next_multiple_of(BLOCK_BYTES)];
        let start = bytes.len() - length;
        bytes[start..].copy_from_slice(&self.output[..length]);
        Ok(Made { bytes, is_plain: false })
    }
}
