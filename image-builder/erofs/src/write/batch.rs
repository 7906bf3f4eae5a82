//! Writes the inodes of a batch with what stands behind them, and their contents.

use tree::{Kind, PartReader};
use volume::Volume;

use crate::compress::{self, Packed};
use crate::error::Error;
use crate::format::directory::{self, Entry};
use crate::format::{
    BLOCK_BITS, BLOCK_BYTES, COMPAT_CHECKSUM, COMPAT_MTIME, INCOMPAT_BIG_CLUSTERS,
    INCOMPAT_CHUNKED, INCOMPAT_ZERO_PADDING, InodeRecord, Layout, NO_BLOCK, SLOT_BYTES,
    SUPERBLOCK_BYTES, SUPERBLOCK_OFFSET, Superblock, put,
};
use crate::plan::{Attributes, Batch, Inode, Plan, Shape, Sparse, algorithm_record};
use crate::write::output::{self, Output};

/// Writes a batch: its metadata at once, its contents in larger pieces.
pub(super) fn write_batch(
    plan: &Plan,
    packed: &Packed,
    batch: &Batch,
    volume: &dyn Volume,
    source: &mut PartReader,
) -> Result<(), Error> {
    let start = batch.metadata.start * BLOCK_BYTES as u64;
    let blocks = batch.metadata.end - batch.metadata.start;
    let mut metadata = vec![0; blocks as usize * BLOCK_BYTES];
    let mut contents = Output::new(volume);
    for number in batch.inodes.clone() {
        let inode = &plan.inodes[number];
        let at = (inode.position - start) as usize;
        let record = &mut metadata[at..at + inode.record_bytes()];
        encode(plan, packed, number, record);
        if let Some(directory) = inode.directory {
            let bytes = directory_bytes(plan, directory);
            let (whole, tail) = split(inode, &bytes);
            put(record, inode.trailer_offset(), tail);
            let blocks_at = inode.block.saturating_sub(batch.metadata.start) as usize;
            put(&mut metadata, if whole.is_empty() { 0 } else { blocks_at * BLOCK_BYTES }, whole);
        } else {
            write_content(inode, record, &mut contents, source)?;
        }
    }
    contents.flush()?;
    if batch.metadata.start == 0 {
        put_superblock(plan, packed, &mut metadata[..BLOCK_BYTES])?;
    }
    volume.write_at(&metadata, start).map_err(Error::Output)
}

/// Puts an inode with its attributes and its map.
fn encode(plan: &Plan, packed: &Packed, number: usize, record: &mut [u8]) {
    let inode = &plan.inodes[number];
    let clusters = packed.clusters.get(&number);
    let (layout, place) = match &inode.shape {
        Shape::Nothing(device) => (Layout::Plain, *device),
        Shape::Plain => (Layout::Plain, first_block(inode)),
        Shape::Inline => (Layout::Inline, first_block(inode)),
        Shape::Sparse(sparse) => (Layout::Chunked, sparse.chunk_bits),
        Shape::Clusters => compress::layout_and_place(clusters),
    };
    let meta = inode.meta();
    let own_time = (meta.mtime.seconds, meta.mtime.nanoseconds);
    let attributes = plan.attributes.of(number);
    let head = InodeRecord {
        layout,
        attribute_count: Attributes::count(attributes.len()).unwrap_or(0),
        mode: inode.mode_and_kind().0,
        links: inode.links,
        size: inode.size,
        place,
        number: number as u32 + 1,
        uid: meta.uid,
        gid: meta.gid,
        mtime: inode.is_extended.then_some(own_time),
    };
    head.encode(record);
    put(record, inode.head_bytes(), attributes);
    match (&inode.shape, clusters) {
        (Shape::Sparse(sparse), _) => {
            put_chunks(sparse, inode.block, &mut record[inode.trailer_offset()..]);
        }
        (Shape::Clusters, Some(clusters)) if layout == Layout::Compressed => {
            compress::put_index(&plan.options, clusters, inode, record);
        }
        _ => {}
    }
}

fn first_block(inode: &Inode) -> u32 {
    if inode.own_blocks() == 0 { NO_BLOCK } else { inode.block as u32 }
}

/// Puts the map of a file with holes.
fn put_chunks(sparse: &Sparse, first_block: u64, map: &mut [u8]) {
    map.fill(0xff);
    let mut block = first_block;
    for run in &sparse.stored {
        let mut within = run.start;
        while within < run.end {
            let chunk = (within >> sparse.chunk_bits) as usize;
            put(map, chunk * 4, &((block + within - run.start) as u32).to_le_bytes());
            within += 1 << sparse.chunk_bits;
        }
        block += run.end - run.start;
    }
}

/// Writes the blocks of a content, unless it goes elsewhere, and puts its tail behind the inode.
fn write_content(
    inode: &Inode,
    record: &mut [u8],
    contents: &mut Output,
    source: &mut PartReader,
) -> Result<(), Error> {
    let has_tail = matches!(inode.shape, Shape::Inline);
    if !inode.is_large() && inode.own_blocks() > 0 {
        contents.go_to(inode.block)?;
        let end = (inode.own_blocks() * BLOCK_BYTES as u64).min(inode.size);
        contents.copy(inode, 0..end, source)?;
    }
    let tail = &mut record[inode.trailer_offset()..];
    match &inode.node.kind {
        Kind::File(content) if has_tail => {
            let offset = inode.size - inode.tail_bytes() as u64;
            output::read(content, offset, tail, inode, source)
        }
        Kind::Symlink(target) if has_tail => {
            tail.copy_from_slice(target);
            Ok(())
        }
        _ => Ok(()),
    }
}

fn directory_bytes(plan: &Plan, directory: usize) -> Vec<u8> {
    directory::encode(plan.directories[directory].names.iter().map(|name| {
        let inode = &plan.inodes[name.inode];
        let number = inode.position / SLOT_BYTES as u64;
        Entry { name: name.bytes, inode: number, kind: inode.mode_and_kind().1 }
    }))
}

/// What goes to the inode's blocks, and what stands behind it.
fn split<'a>(inode: &Inode, bytes: &'a [u8]) -> (&'a [u8], &'a [u8]) {
    match inode.shape {
        Shape::Inline => bytes.split_at(bytes.len() - inode.tail_bytes()),
        _ => (bytes, &[]),
    }
}

fn put_superblock(plan: &Plan, packed: &Packed, block: &mut [u8]) -> Result<(), Error> {
    let has_chunks = plan.inodes.iter().any(|inode| matches!(inode.shape, Shape::Sparse(_)));
    let compression = plan.options.compression;
    let algorithm = compression.map(|chosen| 1 << chosen.algorithm.number());
    let mut incompat = if has_chunks { INCOMPAT_CHUNKED } else { 0 };
    if compression.is_some() {
        incompat |= INCOMPAT_ZERO_PADDING | INCOMPAT_BIG_CLUSTERS;
    }
    let superblock = Superblock {
        compat: COMPAT_CHECKSUM | COMPAT_MTIME,
        incompat,
        block_bits: BLOCK_BITS as u8,
        root: (plan.inodes[0].position / SLOT_BYTES as u64) as u16,
        inodes: plan.inodes.len() as u64,
        time: plan.options.time,
        blocks: packed.end_block as u32,
        attributes_block: plan.layout.attributes_block as u32,
        uuid: plan.options.uuid,
        label: plan.options.label()?,
        algorithms: algorithm.unwrap_or(0),
        ..Superblock::default()
    };
    superblock.encode(block);
    let record = algorithm_record(&plan.options);
    put(block, SUPERBLOCK_OFFSET + SUPERBLOCK_BYTES, &record);
    Superblock::seal(block);
    Ok(())
}
