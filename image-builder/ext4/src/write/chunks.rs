//! Pieces that lie in a row are written at once, and long ones in parts.

use std::ops::Range;

use crate::plan::allocation::{Piece, Written};

/// How many blocks are written at once: a mebibyte.
const BLOCKS_MAX: u64 = 256;

/// Pieces in a row.
#[derive(Debug)]
pub(super) struct Chunk {
    /// At least one.
    pub(super) pieces: Vec<Piece>,
}

impl Chunk {
    pub(super) fn place(&self) -> u64 {
        self.pieces.first().map_or(0, |piece| piece.place)
    }

    pub(super) fn blocks(&self) -> u64 {
        self.pieces.iter().map(|piece| piece.blocks).sum()
    }
}

pub(super) fn divide(pieces: &[Piece]) -> Vec<Chunk> {
    let mut chunks: Vec<Chunk> = Vec::new();
    let (mut end, mut room) = (0, 0);
    for piece in pieces {
        let mut done = 0;
        while done < piece.blocks {
            if end != piece.place + done || room == 0 {
                chunks.push(Chunk { pieces: Vec::new() });
                room = BLOCKS_MAX;
            }
            let blocks = room.min(piece.blocks - done);
            let part = Piece { place: piece.place + done, blocks, what: piece.what.skip(done) };
            end = part.place + blocks;
            room -= blocks;
            done += blocks;
            if let Some(chunk) = chunks.last_mut() {
                chunk.pieces.push(part);
            }
        }
    }
    chunks
}

/// The blocks of all chunks, as few ranges as there can be.
pub(super) fn runs(chunks: &[Chunk]) -> Vec<Range<u64>> {
    let mut runs: Vec<Range<u64>> = Vec::new();
    for chunk in chunks {
        let (start, end) = (chunk.place(), chunk.place() + chunk.blocks());
        match runs.last_mut() {
            Some(last) if last.end == start => last.end = end,
            _ => runs.push(start..end),
        }
    }
    runs
}

impl Written {
    /// What is written so many blocks later.
    fn skip(self, blocks: u64) -> Self {
        match self {
            Self::Directory { directory, block } => {
                Self::Directory { directory, block: block + blocks as u32 }
            }
            Self::File { inode, block } => Self::File { inode, block: block + blocks },
            Self::ExtentTree { owner, block } => {
                Self::ExtentTree { owner, block: block + blocks as usize }
            }
            Self::InodeTable(first) => {
                Self::InodeTable(first + blocks as u32 * super::inodes::PER_BLOCK)
            }
            Self::Symlink(_) | Self::Xattrs(_) | Self::ResizeMap | Self::Journal => self,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(place: u64, blocks: u64) -> Piece {
        Piece { place, blocks, what: Written::File { inode: 0, block: 0 } }
    }

    #[test]
    fn neighbours_share_a_chunk_and_long_pieces_have_several() {
        let pieces = [file(10, 5), file(15, 600), file(700, 1)];
        let places: Vec<_> =
            divide(&pieces).iter().map(|chunk| (chunk.place(), chunk.blocks())).collect();
        assert_eq!(places, [(10, 256), (266, 256), (522, 93), (700, 1)]);
        assert_eq!(runs(&divide(&pieces)), [10..615, 700..701]);
    }
}
