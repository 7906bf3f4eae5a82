//! Writes the blocks that belong to an inode.

use tree::PartReader;

use super::batch::Batch;
use super::{attributes, directory, runs};
use crate::error::Error;
use crate::format::{BLOCK, BLOCK_BYTES, Stamp, target};
use crate::plan::Plan;
use crate::plan::contents::{Inode, What};
use crate::plan::placement::Placed;

/// Writes contents, trees of runs and extended attributes, in the order in which they lie.
pub(super) fn write(
    plan: &Plan<'_>,
    index: usize,
    source: &mut PartReader,
    batch: &mut Batch<'_>,
) -> Result<(), Error> {
    let (inode, placed) = (&plan.contents.inodes[index], &plan.placement.placed[index]);
    let stamp = Stamp { uuid: &plan.options.uuid, owner: plan.placement.number(index), place: 0 };
    if let Some(place) = placed.attributes {
        batch.append(place, &attributes::blocks(&inode.attributes, Stamp { place, ..stamp }))?;
    }
    match &inode.what {
        _ if placed.extents.is_empty() => {}
        What::Directory(entries) => {
            let bytes = directory::blocks(plan, entries, index);
            write_blocks(placed, &bytes, batch)?;
        }
        What::Symlink(path) => {
            let place = placed.extents[0].place;
            batch.append(place, &target::block(path, Stamp { place, ..stamp }))?;
        }
        What::File(..) => write_file(inode, placed, source, batch)?,
        What::Device(_) | What::Bitmap => {}
    }
    for (place, block) in runs::blocks(plan, index) {
        batch.append(place, &block)?;
    }
    Ok(())
}

fn write_blocks(placed: &Placed, mut bytes: &[u8], batch: &mut Batch<'_>) -> Result<(), Error> {
    for extent in &placed.extents {
        let (part, rest) = bytes.split_at(extent.blocks as usize * BLOCK);
        for (number, block) in part.chunks(Batch::limit()).enumerate() {
            let place = extent.place + (number * (Batch::limit() / BLOCK)) as u64;
            batch.append(place, block)?;
        }
        bytes = rest;
    }
    Ok(())
}

fn write_file(
    inode: &Inode<'_>,
    placed: &Placed,
    source: &mut PartReader,
    batch: &mut Batch<'_>,
) -> Result<(), Error> {
    let What::File(content, _) = inode.what else { return Ok(()) };
    for extent in &placed.extents {
        let mut done = 0;
        while done < extent.blocks {
            let blocks = (extent.blocks - done).min((Batch::limit() / BLOCK) as u64);
            let room = batch.room(extent.place + done, blocks as usize * BLOCK)?;
            let position = (extent.logical + done) * BLOCK_BYTES;
            source.fill(content, position, room).map_err(|error| Error::Content {
                path: tree::GuestPath::new(inode.path).unwrap_or_default(),
                source: error,
            })?;
            done += blocks;
        }
    }
    Ok(())
}
