//! The bytes of files, which stay in the image.

use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use tree::{Content, Source};

use super::image::Image;
use super::problem::Problem;

/// Blocks that follow each other in a file and on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    /// The first of them in the file.
    pub logical: u64,
    /// The first of them on disk.
    pub place: u64,
    /// How many there are.
    pub blocks: u64,
}

/// A file in several pieces, or with holes.
#[derive(Debug)]
struct Pieces {
    image: Image,
    block_size: u64,
    length: u64,
    runs: Box<[Run]>,
}

/// The content whose blocks are in these runs, which lie inside of the filesystem.
pub fn content(image: &Image, block_size: u64, length: u64, runs: Vec<Run>) -> Content {
    if length == 0 {
        return Content::from(Vec::new());
    }
    if let Some(run) = runs.first()
        && run.logical == 0
        && run.blocks >= length.div_ceil(block_size)
    {
        let offset = image.start + run.place * block_size;
        return Content::Span { file: image.path.clone(), offset, length };
    }
    let image = image.clone();
    Content::Made(Arc::new(Pieces { image, block_size, length, runs: runs.into() }))
}

impl Source for Pieces {
    fn length(&self) -> u64 {
        self.length
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        buffer.fill(0);
        let end = offset.saturating_add(buffer.len() as u64);
        let first = self.runs.partition_point(|run| self.range(run).end <= offset);
        for run in &self.runs[first..] {
            let range = self.range(run);
            if range.start >= end {
                break;
            }
            let (from, to) = (range.start.max(offset), range.end.min(end));
            let part = &mut buffer[(from - offset) as usize..(to - offset) as usize];
            let place = run.place * self.block_size + (from - range.start);
            self.image.read(place, part).map_err(|problem| match problem {
                Problem::Io(error) => error,
                Problem::Damaged(problem) | Problem::Unsupported(problem) => {
                    io::Error::new(io::ErrorKind::InvalidData, problem)
                }
            })?;
        }
        Ok(())
    }

    fn data_ranges(&self) -> io::Result<Vec<Range<u64>>> {
        let ranges = self.runs.iter().map(|run| self.range(run));
        let inside = ranges.map(|range| range.start..range.end.min(self.length));
        Ok(inside.filter(|range| !range.is_empty()).collect())
    }

    fn is_stored_below(&self, directory: &Path) -> bool {
        self.image.path.starts_with(directory)
    }
}

impl Pieces {
    /// The bytes of the file that a run holds: blocks of files have numbers of few bits.
    fn range(&self, run: &Run) -> Range<u64> {
        run.logical * self.block_size..(run.logical + run.blocks) * self.block_size
    }
}
