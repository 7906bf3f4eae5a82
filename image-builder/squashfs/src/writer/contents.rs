//! Writes the bytes of all files: read and compressed on all cores, written in order.

use tree::{Content, Kind, PartReader};

use super::in_order::{Work, in_order};
use super::jobs::{Job, Jobs, block_range, is_zero, tail_bytes};
use super::output::Output;
use super::plan::{Leaf, Plan};
use super::twins::originals;
use crate::codec::Compressor;
use crate::error::Error;
use crate::format::inode::Extent;
use crate::format::{BLOCK_IS_STORED, NO_FRAGMENT};
use crate::options::Options;

/// Where the bytes of all files are.
pub(crate) struct Contents {
    stored: Vec<Stored>,
    /// For each leaf the place of its bytes; none for what is no file.
    places: Vec<Option<usize>>,
    /// Where each fragment begins, and its size on disk.
    pub fragments: Vec<(u64, u32)>,
}

/// Where the bytes of a file are.
pub(crate) struct Stored {
    pub extent: Extent,
    /// The size of each block on disk.
    pub blocks: Vec<u32>,
}

impl Contents {
    /// Where the bytes of a leaf are, by its place in the plan.
    pub(crate) fn of(&self, leaf: usize) -> Option<&Stored> {
        self.places.get(leaf).copied().flatten().and_then(|place| self.stored.get(place))
    }
}

/// Writes the bytes of all files.
pub(crate) fn write(
    plan: &Plan,
    options: &Options,
    output: &mut Output,
) -> Result<Contents, Error> {
    let mut files: Vec<(&Leaf, &Content)> = Vec::new();
    let mut places = Vec::with_capacity(plan.leaves.len());
    for leaf in &plan.leaves {
        let Kind::File(content) = &leaf.node.kind else {
            places.push(None);
            continue;
        };
        places.push(Some(files.len()));
        files.push((leaf, content));
    }
    let originals = originals(&files, options)?;
    let jobs = Jobs::new(&files, &originals, options)?;
    let mut stored = unwritten(&files, &originals, &jobs, options);
    let mut fragments = Vec::with_capacity(jobs.fragment_count as usize);
    let work = Work {
        threads: options.thread_count(),
        count: jobs.list.len(),
        make: || Packer::new(&files, options),
        run: |packer: &mut Packer, job: usize| packer.pack(&jobs.list[job]),
    };
    in_order(&work, |job, packed| {
        let start = output.position();
        output.append(&packed.bytes)?;
        match &jobs.list[job] {
            Job::Fragment(_) => fragments.push((start, packed.size)),
            Job::Block { file, block } => stored[*file].add_block(*block, start, &packed),
        }
        Ok(())
    })?;
    let place_of_original = |place: Option<usize>| place.map(|place| originals[place]);
    let places = places.into_iter().map(place_of_original).collect();
    Ok(Contents { stored, places, fragments })
}

/// What is known of files before their blocks are written: all are holes.
fn unwritten(
    files: &[(&Leaf, &Content)],
    originals: &[usize],
    jobs: &Jobs,
    options: &Options,
) -> Vec<Stored> {
    let all = files.iter().enumerate();
    all.map(|(file, (_, content))| {
        let is_original = originals[file] == file;
        let size = content.length();
        let hole_bytes = size - tail_bytes(size, options);
        let block_count = if is_original { hole_bytes / u64::from(options.block_size) } else { 0 };
        let (fragment, offset) =
            jobs.tails[file].map_or((NO_FRAGMENT, 0), |tail| (tail.fragment, tail.offset));
        let extent = Extent { start: 0, size, hole_bytes, fragment, offset };
        Stored { extent, blocks: vec![0; block_count as usize] }
    })
    .collect()
}

impl Stored {
    fn add_block(&mut self, block: u64, start: u64, packed: &Packed) {
        if packed.size == 0 {
            return;
        }
        if self.extent.start == 0 {
            self.extent.start = start;
        }
        self.extent.hole_bytes -= packed.bytes_before;
        self.blocks[block as usize] = packed.size;
    }
}

/// A block as it is written.
struct Packed {
    bytes: Vec<u8>,
    /// Its size as the format writes it; 0 if it is all zeros, and not there.
    size: u32,
    bytes_before: u64,
}

/// Reads and compresses blocks; each thread has its own.
struct Packer<'a> {
    files: &'a [(&'a Leaf<'a>, &'a Content)],
    options: &'a Options,
    sources: PartReader,
    compressor: Compressor,
    buffer: Vec<u8>,
}

impl<'a> Packer<'a> {
    fn new(files: &'a [(&'a Leaf, &'a Content)], options: &'a Options) -> Result<Self, Error> {
        Ok(Self {
            files,
            options,
            sources: PartReader::default(),
            compressor: Compressor::new(options).map_err(Error::Compress)?,
            buffer: Vec::with_capacity(options.block_size as usize),
        })
    }

    fn pack(&mut self, job: &Job) -> Result<Packed, Error> {
        self.buffer.clear();
        match job {
            Job::Block { file, block } => {
                let length = self.files[*file].1.length();
                let range = block_range(length, self.options.block_size, *block);
                self.read(*file, range.start, range.end)?;
                if is_zero(&self.buffer) {
                    return Ok(Packed { bytes: Vec::new(), size: 0, bytes_before: 0 });
                }
            }
            Job::Fragment(files) => {
                for file in files {
                    let length = self.files[*file].1.length();
                    self.read(*file, length - tail_bytes(length, self.options), length)?;
                }
            }
        }
        let bytes_before = self.buffer.len() as u64;
        let smaller = self.compressor.compress(&self.buffer).map_err(Error::Compress)?;
        let (bytes, flag) = match smaller {
            Some(bytes) => (bytes.to_vec(), 0),
            None => (self.buffer.clone(), BLOCK_IS_STORED),
        };
        Ok(Packed { size: bytes.len() as u32 | flag, bytes, bytes_before })
    }

    /// Reads some bytes of a file behind what the buffer holds.
    fn read(&mut self, file: usize, start: u64, end: u64) -> Result<(), Error> {
        let (leaf, content) = self.files[file];
        let at = self.buffer.len();
        self.buffer.resize(at + (end - start) as usize, 0);
        let done = self.sources.read_exact_at(content, start, &mut self.buffer[at..]);
        done.map_err(|source| Error::Content { path: leaf.path.clone(), source })
    }
}
