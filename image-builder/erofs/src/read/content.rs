//! Where the contents of files are.

use std::sync::Arc;

use tree::Content;

use super::inode::Inode;
use super::metadata::Metadata;
use super::pieces::{Piece, Pieces};
use super::{clusters, product, sum};
use crate::error::Fault;
use crate::format::{CHUNK_BITS_MASK, CHUNK_INDEXES, Layout, NO_BLOCK, u32_at};

/// Finds the content of a regular file.
pub(super) fn find(metadata: &mut Metadata, inode: &Inode) -> Result<Content, Fault> {
    let size = inode.record.size;
    if size > i64::MAX as u64 {
        return Err(Fault::Damaged("a file is larger than a file can be"));
    }
    if size == 0 {
        return Ok(Content::from(Vec::new()));
    }
    let pieces = match inode.record.layout {
        Layout::Plain => vec![whole(metadata, inode, size)?],
        Layout::Inline => with_tail(metadata, inode)?,
        Layout::Chunked => chunks(metadata, inode)?,
        Layout::Compressed | Layout::CompressedCompact => {
            return clusters::find(metadata, inode);
        }
    };
    for piece in &pieces {
        metadata.device.check(piece.position, piece.length)?;
    }
    let device = &metadata.device;
    Ok(match pieces[..] {
        [Piece { at: 0, position, length }] if length == size => {
            let offset = sum(device.offset, position)?;
            Content::Span { file: device.path.clone(), offset, length }
        }
        _ => Content::Made(Arc::new(Pieces { device: device.clone(), length: size, pieces })),
    })
}

/// Where in the image a byte of an inode's blocks is.
pub(super) fn block_place(metadata: &Metadata, inode: &Inode, at: u64) -> Result<u64, Fault> {
    sum(u64::from(inode.record.place) << metadata.superblock.block_bits, at)
}

/// Where in the image the tail of an inode is.
pub(super) fn tail_place(metadata: &Metadata, inode: &Inode) -> Result<u64, Fault> {
    let block_bytes = metadata.block_bytes();
    if inode.trailer % block_bytes + inode.record.size % block_bytes > block_bytes {
        return Err(Fault::Damaged("the tail of a file crosses two blocks"));
    }
    Ok(inode.trailer)
}

fn whole(metadata: &Metadata, inode: &Inode, length: u64) -> Result<Piece, Fault> {
    Ok(Piece { at: 0, position: block_place(metadata, inode, 0)?, length })
}

fn with_tail(metadata: &Metadata, inode: &Inode) -> Result<Vec<Piece>, Fault> {
    let size = inode.record.size;
    let length = size % metadata.block_bytes();
    let body = size - length;
    let mut pieces = Vec::new();
    if body > 0 {
        pieces.push(whole(metadata, inode, body)?);
    }
    if length > 0 {
        pieces.push(Piece { at: body, position: tail_place(metadata, inode)?, length });
    }
    Ok(pieces)
}

fn chunks(metadata: &mut Metadata, inode: &Inode) -> Result<Vec<Piece>, Fault> {
    let (format, size) = (inode.record.place & 0xffff, inode.record.size);
    if format & !(CHUNK_BITS_MASK | CHUNK_INDEXES) != 0 {
        return Err(Fault::Unsupported("the form of a chunk map"));
    }
    let chunk_bytes = metadata.block_bytes() << (format & CHUNK_BITS_MASK);
    let count = size.div_ceil(chunk_bytes);
    // An entry is a block address, or a device number and then a block address.
    let entry_bytes: usize = if format & CHUNK_INDEXES == 0 { 4 } else { 8 };
    let map_bytes = product(count, entry_bytes as u64)?;
    metadata.charge_unique(map_bytes)?;
    let map = metadata.read(inode.trailer.next_multiple_of(entry_bytes as u64), map_bytes)?;

    let (mut pieces, mut at) = (Vec::<Piece>::new(), 0);
    for entry in map.chunks_exact(entry_bytes) {
        let block = u32_at(entry, entry_bytes - 4);
        let length = chunk_bytes.min(size - at);
        if block != NO_BLOCK {
            let position = u64::from(block) << metadata.superblock.block_bits;
            match pieces.last_mut() {
                Some(last) if last.is_followed_by(at, position) => last.length += length,
                _ => pieces.push(Piece { at, position, length }),
            }
        }
        at += length;
    }
    Ok(pieces)
}
