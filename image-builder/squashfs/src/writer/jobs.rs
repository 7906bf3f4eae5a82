//! Cuts files into blocks and packs their ends into fragments, before any is read.

use std::io;
use std::ops::Range;

use tree::Content;

use super::plan::Leaf;
use crate::error::Error;
use crate::options::Options;

/// One block to be read, compressed and written.
pub(crate) enum Job {
    /// A whole block of a file.
    Block {
        /// Which file.
        file: usize,
        /// Which of its blocks.
        block: u64,
    },
    /// The ends of these files, one after the other.
    Fragment(Vec<usize>),
}

/// Where the end of a file is that does not fill a block.
#[derive(Clone, Copy)]
pub(crate) struct Tail {
    pub fragment: u32,
    pub offset: u32,
}

/// What is to be done for all files, in the order of the filesystem.
pub(crate) struct Jobs {
    pub list: Vec<Job>,
    /// The end of each file.
    pub tails: Vec<Option<Tail>>,
    pub fragment_count: u32,
}

/// A fragment that is being filled.
#[derive(Default)]
struct Filling {
    files: Vec<usize>,
    bytes: u64,
}

impl Jobs {
    /// The jobs of those files that are their own original.
    pub(crate) fn new(
        files: &[(&Leaf, &Content)],
        originals: &[usize],
        options: &Options,
    ) -> Result<Self, Error> {
        let mut jobs = Self { list: Vec::new(), tails: vec![None; files.len()], fragment_count: 0 };
        let mut filling = Filling::default();
        for (file, (leaf, content)) in files.iter().enumerate() {
            if originals[file] != file {
                continue;
            }
            jobs.add_tail(file, tail_bytes(content.length(), options), options, &mut filling)?;
            let blocks = data_blocks(content, options.block_size)
                .map_err(|source| Error::Content { path: leaf.path.clone(), source })?;
            let whole = content.length() / u64::from(options.block_size);
            let blocks = blocks.into_iter().flatten().take_while(|block| *block < whole);
            jobs.list.extend(blocks.map(|block| Job::Block { file, block }));
        }
        jobs.close(&mut filling)?;
        Ok(jobs)
    }

    /// Puts the end of a file into the fragment that is being filled, or into the next. A full
    /// one is written before the blocks of the file, because those must not be torn apart.
    fn add_tail(
        &mut self,
        file: usize,
        bytes: u64,
        options: &Options,
        filling: &mut Filling,
    ) -> Result<(), Error> {
        if bytes == 0 {
            return Ok(());
        }
        if filling.bytes + bytes > u64::from(options.block_size) {
            self.close(filling)?;
        }
        let (fragment, offset) = (self.fragment_count, filling.bytes as u32);
        self.tails[file] = Some(Tail { fragment, offset });
        filling.files.push(file);
        filling.bytes += bytes;
        Ok(())
    }

    fn close(&mut self, filling: &mut Filling) -> Result<(), Error> {
        let Filling { files, .. } = std::mem::take(filling);
        if !files.is_empty() {
            self.list.push(Job::Fragment(files));
            let count = self.fragment_count.checked_add(1).filter(|count| *count < u32::MAX);
            self.fragment_count = count.ok_or(Error::TooLarge("more than 4294967294 fragments"))?;
        }
        Ok(())
    }
}

/// How many bytes of a file fill no whole block.
pub(crate) fn tail_bytes(length: u64, options: &Options) -> u64 {
    length % u64::from(options.block_size)
}

/// The numbers of the blocks that may not be zero, in order.
pub(crate) fn data_blocks(content: &Content, block_size: u32) -> io::Result<Vec<Range<u64>>> {
    let block_size = u64::from(block_size);
    let end = content.length().div_ceil(block_size);
    if end <= 1 {
        return Ok(std::iter::once(0..end).collect());
    }
    let mut next = 0;
    let mut blocks = Vec::new();
    for range in content.data_ranges()? {
        let (first, stop) = (range.start / block_size, range.end.div_ceil(block_size).min(end));
        // Two ranges may end and begin in the same block.
        if stop > next {
            blocks.push(first.max(next)..stop);
            next = stop;
        }
    }
    Ok(blocks)
}

/// Which bytes of a file a block holds.
pub(crate) fn block_range(length: u64, block_size: u32, block: u64) -> Range<u64> {
    let start = block.saturating_mul(u64::from(block_size));
    start..start.saturating_add(u64::from(block_size)).min(length).max(start)
}

/// Whether all bytes are zero.
pub(crate) fn is_zero(bytes: &[u8]) -> bool {
    const ZEROS: [u8; 4096] = [0; 4096];
    bytes.chunks(ZEROS.len()).all(|chunk| *chunk == ZEROS[..chunk.len()])
}
