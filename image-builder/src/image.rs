//! A whole image: layout, tables, filesystem, hash tree.

use std::io;
use std::os::unix::fs::FileExt as _;

use fs_err::File;
use tree::Tree;
use volume::verity::{BLOCK_BYTES, Hashing};
use volume::{Follower, Region, Volume};

use crate::dax;
use crate::filesystem::{Basics, Filesystem, FilesystemError};
use crate::gpt::{self, Identifiers, Types};
use crate::layout::{DAX_BYTES, DiskLayout, Extent, LayoutError, Request, Table};
use crate::mbr;
use crate::verity::{self, Verity};

/// What is asked of an image.
#[derive(Debug, Clone)]
pub struct Options {
    /// The filesystem.
    pub filesystem: Filesystem,
    /// How partitions are told.
    pub table: Table,
    /// The salt of the hash tree; none makes no tree.
    pub salt: Option<Vec<u8>>,
    /// The image's size is a multiple of this.
    pub align_bytes: u64,
    /// The image's size; none computes the smallest.
    pub size_bytes: Option<u64>,
    /// The guest's processor, as the kernel or a distribution calls it.
    pub machine: String,
    /// What all parts of the image need to know.
    pub basics: Basics,
}

/// What was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Made {
    /// Where everything is.
    pub layout: DiskLayout,
    /// What proves the filesystem.
    pub verity: Option<Verity>,
}

/// Why an image cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum ImageError {
    /// What was asked for cannot be laid out.
    #[error("lay out the image")]
    Layout(#[from] LayoutError),
    /// The filesystem cannot be made.
    #[error(transparent)]
    Filesystem(#[from] FilesystemError),
    /// The processor has no partition type of its own.
    #[error("the partition table has no type for the root of {0}")]
    Machine(String),
    /// The image cannot be written.
    #[error("write the image")]
    Write(#[from] io::Error),
}

/// Writes an image of a tree to an empty file, which stays sparse where nothing is.
///
/// `follower` learns how far the file is final, where that is known before its end.
pub fn write(
    tree: &Tree,
    options: &Options,
    file: &File,
    follower: Option<&dyn Follower>,
) -> Result<Made, ImageError> {
    let basics = &options.basics;
    let planned = options.filesystem.plan(tree, basics)?;
    let known = match planned.needed_bytes() {
        Some(bytes) => Some(layout(options, bytes)?),
        None => None,
    };
    // A table that tells the root hash must wait for it.
    let early = known.filter(|_| options.salt.is_none() || !matches!(options.table, Table::Gpt));
    if let Some(layout) = &known {
        file.set_len(layout.size_bytes)?;
    }
    if let Some(layout) = &early {
        write_table(layout, options, None, file)?;
    }
    // The start is that of any image with this table.
    let start = known.map_or_else(|| layout(options, 0), Ok)?.filesystem.start;
    let region = Region::new(file, start).followed(follower.filter(|_| early.is_some()));
    let hashing = options.salt.as_ref().map(|salt| Hashing::new(&region, salt));
    let volume: &dyn Volume = match &hashing {
        Some(hashing) => hashing,
        None => &region,
    };
    let room = known.map(|layout| layout.filesystem.length);
    let written = planned.write(room, volume)?;
    let layout = known.map_or_else(|| layout(options, written), Ok)?;
    file.set_len(layout.size_bytes)?;
    let verity = match (hashing, layout.hashes) {
        (Some(hashing), Some(hashes)) => Some(finish(options, &layout, hashes, hashing, file)?),
        _ => None,
    };
    if early.is_none() {
        write_table(&layout, options, verity.as_ref(), file)?;
    }
    Ok(Made { layout, verity })
}

fn layout(options: &Options, filesystem_bytes: u64) -> Result<DiskLayout, LayoutError> {
    DiskLayout::compute(&Request {
        table: options.table,
        filesystem_bytes,
        verity: options.salt.is_some(),
        align_bytes: options.align_bytes,
        size_bytes: options.size_bytes,
    })
}

/// Writes the hash tree, with a superblock where Kata's layout does not forbid it.
fn finish(
    options: &Options,
    layout: &DiskLayout,
    hashes: Extent,
    hashing: Hashing<'_>,
    file: &File,
) -> Result<Verity, ImageError> {
    let data_blocks = layout.filesystem.length / BLOCK_BYTES;
    let salt = options.salt.clone().unwrap_or_default();
    let region = Region::new(file, hashes.start);
    let has_superblock = !matches!(layout.table, Table::Mbr { .. });
    if has_superblock {
        let uuid = options.basics.identity.uuid("verity");
        region.write_at(&verity::superblock(uuid, &salt, data_blocks), 0)?;
    }
    let read = |buffer: &mut [u8], offset: u64| {
        file.file().read_exact_at(buffer, layout.filesystem.start + offset)
    };
    let tree_offset = if has_superblock { BLOCK_BYTES } else { 0 };
    let root_hash = hashing.finish(data_blocks, &read, &region, tree_offset)?;
    Ok(Verity { root_hash, salt, data_blocks, has_superblock })
}

fn write_table(
    layout: &DiskLayout,
    options: &Options,
    verity: Option<&Verity>,
    file: &File,
) -> Result<(), ImageError> {
    let identity = options.basics.identity;
    let partitions: Vec<Extent> = [layout.filesystem].into_iter().chain(layout.hashes).collect();
    match layout.table {
        Table::None => {}
        Table::Mbr { dax } => {
            let signature =
                u32::from_le_bytes(*identity.bytes("disk").first_chunk().unwrap_or(&[0; 4]));
            file.file().write_all_at(&mbr::record(&partitions, 0, signature), 0)?;
            if dax {
                let second = mbr::record(&partitions, DAX_BYTES, signature);
                file.file().write_all_at(&dax::header(), dax::OFFSET)?;
                file.file().write_all_at(&second, DAX_BYTES)?;
            }
        }
        Table::Gpt => {
            let types = Types::of(&options.machine)
                .ok_or_else(|| ImageError::Machine(options.machine.clone()))?;
            gpt::write(file, layout, types, &identifiers(options, verity))?;
        }
    }
    Ok(())
}

/// A measured image's partitions are named by its root hash, so that systemd finds them by it.
fn identifiers(options: &Options, verity: Option<&Verity>) -> Identifiers {
    let identity = options.basics.identity;
    let halves = verity.map(|verity| verity.root_hash.as_chunks::<16>().0);
    match halves {
        Some([root, verity, ..]) => {
            Identifiers { disk: identity.uuid("disk"), root: *root, verity: *verity }
        }
        _ => Identifiers {
            disk: identity.uuid("disk"),
            root: identity.uuid("root partition"),
            verity: identity.uuid("hash partition"),
        },
    }
}
