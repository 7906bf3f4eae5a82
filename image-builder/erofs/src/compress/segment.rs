//! Compresses one segment of a file.

use std::io;

use tree::{Kind, PartReader};

use crate::compress::codec::Codec;
use crate::compress::{Cluster, Segment, segment_bytes};
use crate::error::Error;
use crate::format::BLOCK_BYTES;
use crate::options::Compression;
use crate::plan::{Inode, Plan};

/// What becomes of a segment; its clusters count from its beginning.
pub(super) struct Made {
    /// Whole blocks.
    pub bytes: Vec<u8>,
    pub clusters: Vec<Cluster>,
}

/// What a thread compresses with.
pub(super) struct Worker<'a> {
    inodes: &'a [Inode<'a>],
    segment_bytes: u64,
    codec: Codec,
    source: PartReader,
    input: Vec<u8>,
}

impl<'a> Worker<'a> {
    /// A worker for the files of a plan.
    pub(super) fn new(plan: &'a Plan, compression: Compression) -> io::Result<Self> {
        Ok(Self {
            inodes: &plan.inodes,
            segment_bytes: segment_bytes(compression),
            codec: Codec::new(compression)?,
            source: PartReader::default(),
            input: Vec::new(),
        })
    }

    /// Reads and compresses a segment.
    pub(super) fn compress(&mut self, segment: Segment) -> Result<Made, Error> {
        let inode = &self.inodes[segment.inode];
        let made = self.read(inode, segment.offset).and_then(|()| self.pack());
        made.map_err(|source| Error::Content { path: inode.path.clone(), source })
    }

    fn read(&mut self, inode: &Inode, offset: u64) -> io::Result<()> {
        let count = (inode.size - offset).min(self.segment_bytes);
        self.input.resize(count as usize, 0);
        match &inode.node.kind {
            Kind::File(content) => self.source.read_exact_at(content, offset, &mut self.input),
            _ => Ok(()),
        }
    }

    fn pack(&mut self) -> io::Result<Made> {
        let mut made = Made { bytes: Vec::new(), clusters: Vec::new() };
        self.codec.begin();
        let mut at = 0;
        while at < self.input.len() {
            let rest = &self.input[at..];
            if rest.len() <= BLOCK_BYTES {
                made.add_plain(at, rest);
                break;
            }
            let (read, packed) = self.codec.fill(rest)?;
            let blocks = packed.len().div_ceil(BLOCK_BYTES);
            let is_smaller = if read == rest.len() {
                blocks < rest.len().div_ceil(BLOCK_BYTES)
            } else {
                blocks * BLOCK_BYTES < read
            };
            if is_smaller && !packed.is_empty() {
                made.add_compressed(at, packed);
                at += read;
                continue;
            }
            // What was tried does not shrink; it is stored from one block of the file to the next.
            let end = at + read.max(1);
            while at < end.min(self.input.len()) {
                let next = (at + 1).next_multiple_of(BLOCK_BYTES).min(self.input.len());
                made.add_plain(at, &self.input[at..next]);
                at = next;
            }
        }
        Ok(made)
    }
}

impl Made {
    fn add_plain(&mut self, at: usize, content: &[u8]) {
        self.add(at, 1, true);
        self.bytes.extend_from_slice(content);
        self.bytes.resize(self.bytes.len().next_multiple_of(BLOCK_BYTES), 0);
    }

    fn add_compressed(&mut self, at: usize, packed: &[u8]) {
        let end = self.bytes.len() + packed.len().next_multiple_of(BLOCK_BYTES);
        self.add(at, packed.len().div_ceil(BLOCK_BYTES), false);
        self.bytes.resize(end - packed.len(), 0);
        self.bytes.extend_from_slice(packed);
    }

    fn add(&mut self, at: usize, blocks: usize, is_plain: bool) {
        let block = (self.bytes.len() / BLOCK_BYTES) as u32;
        self.clusters.push(Cluster { at: at as u64, block, blocks: blocks as u16, is_plain });
    }
}
