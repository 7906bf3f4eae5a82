//! Contents in several pieces, with holes between them.

use std::io;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use tree::Source;

use super::device::Device;

/// Pieces of an image that make up a file; what they leave out is zero.
#[derive(Debug)]
pub(super) struct Pieces {
    pub device: Arc<Device>,
    pub length: u64,
    /// In the order of the file, apart from each other.
    pub pieces: Vec<Piece>,
}

/// Bytes of a file that follow each other in the image.
#[derive(Debug, Clone, Copy)]
pub(super) struct Piece {
    /// Where in the file.
    pub at: u64,
    /// Where in the image.
    pub position: u64,
    pub length: u64,
}

impl Piece {
    /// Whether what is next in the file is also next in the image.
    pub(super) fn is_followed_by(&self, at: u64, position: u64) -> bool {
        let is_next = |start: u64, next| start.checked_add(self.length) == Some(next);
        is_next(self.at, at) && is_next(self.position, position)
    }
}

impl Source for Pieces {
    fn length(&self) -> u64 {
        self.length
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        buffer.fill(0);
        let end = offset.saturating_add(buffer.len() as u64);
        let first = self.pieces.partition_point(|piece| piece.at + piece.length <= offset);
        for piece in self.pieces[first..].iter().take_while(|piece| piece.at < end) {
            let start = piece.at.max(offset);
            let stop = (piece.at + piece.length).min(end);
            let part = &mut buffer[(start - offset) as usize..(stop - offset) as usize];
            self.device.read(piece.position + (start - piece.at), part)?;
        }
        Ok(())
    }

    fn data_ranges(&self) -> io::Result<Vec<Range<u64>>> {
        Ok(self.pieces.iter().map(|piece| piece.at..piece.at + piece.length).collect())
    }

    fn is_stored_below(&self, directory: &Path) -> bool {
        self.device.path.starts_with(directory)
    }
}
