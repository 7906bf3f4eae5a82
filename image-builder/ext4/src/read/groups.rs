//! Where the inodes of each group are.

use std::collections::HashMap;

use volume::read::{Image, Problem, ensure};

use super::superblock::{Checksums, Shape};
use crate::bytes::{get_halves, get16, get32};
use crate::format::group::{self, SIZE, at};

/// The inode tables that were asked for.
#[derive(Debug, Default)]
pub(super) struct Groups {
    tables: HashMap<u32, u64>,
}

impl Groups {
    /// The block with which a group's inode table begins.
    pub(super) fn inode_table(
        &mut self,
        image: &Image,
        shape: &Shape,
        group: u32,
    ) -> Result<u64, Problem> {
        if let Some(table) = self.tables.get(&group) {
            return Ok(*table);
        }
        let mut bytes = vec![0; shape.descriptor_size];
        image.read(shape.descriptor_position(group), &mut bytes)?;
        let is_sound = match shape.checksums {
            Checksums::None => true,
            Checksums::Groups => {
                get16(&bytes, at::CHECKSUM) == short_checksum(&bytes, shape, group)
            }
            Checksums::Metadata(seed) => {
                get16(&bytes, at::CHECKSUM) == group::checksum(&bytes, seed, group)
            }
        };
        ensure(is_sound, "the checksum of its group is wrong")?;
        let table = if bytes.len() < SIZE {
            u64::from(get32(&bytes, at::INODE_TABLE.0))
        } else {
            get_halves(&bytes, at::INODE_TABLE)
        };
        ensure(table < shape.blocks, "its inode table lies behind the end")?;
        self.tables.insert(group, table);
        Ok(table)
    }
}

fn short_checksum(bytes: &[u8], shape: &Shape, group: u32) -> u16 {
    let behind = bytes.get(at::CHECKSUM + 2..).unwrap_or_default();
    let parts = [&shape.uuid, &group.to_le_bytes()[..], &bytes[..at::CHECKSUM], behind];
    parts.into_iter().flatten().fold(u16::MAX, |crc, byte| {
        (0..8).fold(
            crc ^ u16::from(*byte),
            |crc, _| {
                if crc & 1 == 1 { crc >> 1 ^ 0xa001 } else { crc >> 1 }
            },
        )
    })
}
