//! Writes a plan to a volume: every block once, in any order.

mod batch;
mod output;
mod spread;

use std::ops::Range;

use tree::{PartReader, Tree};
use volume::Volume;

use crate::compress;
use crate::error::Error;
use crate::format::BLOCK_BYTES;
use crate::options::Options;
use crate::plan::{Inode, Plan, Shape, plan};
use batch::write_batch;
pub(crate) use output::Output;

/// Large contents are cut into pieces of this many blocks.
const PIECE_BLOCKS: u64 = (8 << 20) / BLOCK_BYTES as u64;

/// Writes a tree as an image and returns the size of it in bytes, a whole number of blocks.
pub fn write(tree: &Tree, options: &Options, volume: &dyn Volume) -> Result<u64, Error> {
    plan(tree, options)?.write(volume)
}

impl Plan<'_> {
    /// Writes the image and returns its size in bytes, a whole number of blocks.
    ///
    /// Each block of it is written once, aligned, in any order and by several threads.
    pub fn write(&self, volume: &dyn Volume) -> Result<u64, Error> {
        let packed = compress::write_clusters(self, volume)?;
        let jobs = jobs(self);
        spread::run(self.options.threads, &jobs, PartReader::default, |job, source| match job {
            Job::Attributes => write_attributes(self, volume),
            Job::Batch(number) => {
                write_batch(self, &packed, &self.layout.batches[*number], volume, source)
            }
            Job::Piece(piece) => write_piece(&self.inodes[piece.inode], piece, volume, source),
        })?;
        Ok(packed.end_block * BLOCK_BYTES as u64)
    }
}

/// What one thread does at a time.
#[derive(Debug)]
enum Job {
    Attributes,
    Batch(usize),
    Piece(Piece),
}

/// Some blocks of a large content.
#[derive(Debug)]
struct Piece {
    inode: usize,
    /// Blocks of the file.
    content: Range<u64>,
    /// Where they go.
    block: u64,
}

fn jobs(plan: &Plan) -> Vec<Job> {
    let mut jobs = Vec::new();
    if !plan.attributes.shared.is_empty() {
        jobs.push(Job::Attributes);
    }
    for (number, batch) in plan.layout.batches.iter().enumerate() {
        jobs.push(Job::Batch(number));
        for inode in batch.inodes.clone() {
            jobs.extend(pieces(inode, &plan.inodes[inode]).into_iter().map(Job::Piece));
        }
    }
    jobs
}

/// The pieces of an inode; none if its batch writes it.
fn pieces(number: usize, inode: &Inode) -> Vec<Piece> {
    let runs = match &inode.shape {
        _ if inode.directory.is_some() || !inode.is_large() => Vec::new(),
        Shape::Sparse(sparse) => sparse.stored.clone(),
        _ => std::iter::once(0..inode.own_blocks()).collect(),
    };
    let (mut pieces, mut block) = (Vec::new(), inode.block);
    for run in runs {
        let mut start = run.start;
        while start < run.end {
            let end = run.end.min(start + PIECE_BLOCKS);
            pieces.push(Piece { inode: number, content: start..end, block });
            block += end - start;
            start = end;
        }
    }
    pieces
}

fn write_piece(
    inode: &Inode,
    piece: &Piece,
    volume: &dyn Volume,
    source: &mut PartReader,
) -> Result<(), Error> {
    let mut output = Output::new(volume);
    output.go_to(piece.block)?;
    let start = piece.content.start * BLOCK_BYTES as u64;
    let end = (piece.content.end * BLOCK_BYTES as u64).min(inode.size);
    output.copy(inode, start..end, source)?;
    output.flush()
}

fn write_attributes(plan: &Plan, volume: &dyn Volume) -> Result<(), Error> {
    let mut bytes = plan.attributes.shared.clone();
    bytes.resize(bytes.len().next_multiple_of(BLOCK_BYTES), 0);
    let offset = plan.layout.attributes_block * BLOCK_BYTES as u64;
    volume.write_at(&bytes, offset).map_err(Error::Output)
}
