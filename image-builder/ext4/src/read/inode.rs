//! Inodes.

use tree::Timestamp;
use volume::read::{Image, Problem, ensure};

use super::groups::Groups;
use super::superblock::{Checksums, Shape};
use crate::bytes::{get_halves, get16, get32};
use crate::checksum::Checksum;
use crate::format::inode::{self, AREA, SIZE_OLD, at, flag, kind};

/// What is of interest in an inode.
#[derive(Debug)]
pub(super) struct Inode {
    pub(super) mode: u16,
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) size: u64,
    pub(super) mtime: Timestamp,
    pub(super) links: u16,
    pub(super) flags: u32,
    pub(super) area: [u8; AREA],
    pub(super) xattr_block: u64,
    /// What lies behind all fields.
    pub(super) behind: Vec<u8>,
    /// Where checksums of what belongs to it begin.
    pub(super) seed: Option<Checksum>,
}

/// Reads inodes, most of which lie next to each other.
#[derive(Debug, Default)]
pub(super) struct InodeReader {
    groups: Groups,
    /// The block that was read last.
    block: Vec<u8>,
    position: Option<u64>,
}

impl InodeReader {
    pub(super) fn read(
        &mut self,
        image: &Image,
        shape: &Shape,
        number: u32,
    ) -> Result<Inode, Problem> {
        ensure((1..=shape.inodes).contains(&number), "there is no inode of its number")?;
        let (group, within) =
            ((number - 1) / shape.inodes_per_group, (number - 1) % shape.inodes_per_group);
        let table = self.groups.inode_table(image, shape, group)?;
        let start = u64::from(within) * shape.inode_size as u64;
        // Neither can overflow: blocks and their size were checked against the image's length.
        let position = table * shape.block_size + start / shape.block_size * shape.block_size;
        if self.position != Some(position) {
            self.position = None;
            self.block.resize(shape.block_size as usize, 0);
            image.read(position, &mut self.block)?;
            self.position = Some(position);
        }
        let start = (start % shape.block_size) as usize;
        let bytes = self.block.get(start..start + shape.inode_size);
        parse(bytes.ok_or(Problem::Damaged("it is cut off"))?, shape, number)
    }
}

fn parse(bytes: &[u8], shape: &Shape, number: u32) -> Result<Inode, Problem> {
    let extra = if bytes.len() > SIZE_OLD { usize::from(get16(bytes, at::EXTRA_SIZE)) } else { 0 };
    ensure(
        SIZE_OLD + extra <= bytes.len() && extra.is_multiple_of(4),
        "its fields have an impossible size",
    )?;
    let mode = get16(bytes, at::MODE);
    ensure(mode != 0, "it is not in use")?;
    let seed = match shape.checksums {
        Checksums::None | Checksums::Groups => None,
        Checksums::Metadata(seed) => {
            check(bytes, seed, number, extra)?;
            Some(seed.of_inode(number, get32(bytes, at::GENERATION)))
        }
    };
    let has_extra_time = extra >= at::MODIFICATION_TIME_EXTRA + 4 - SIZE_OLD;
    let time_extra = if has_extra_time { get32(bytes, at::MODIFICATION_TIME_EXTRA) } else { 0 };
    let mtime = inode::time(get32(bytes, at::MODIFICATION_TIME), time_extra);
    ensure(mtime.nanoseconds < 1_000_000_000, "its time has too many nanoseconds")?;
    let id = |(low, high)| u32::from(get16(bytes, low)) | u32::from(get16(bytes, high)) << 16;
    let is_long = mode & kind::MASK == kind::FILE || shape.has_large_directories;
    let mut area = [0; AREA];
    area.copy_from_slice(&bytes[at::AREA..at::AREA + AREA]);
    let (low, high) = at::XATTR_BLOCK;
    Ok(Inode {
        mode,
        uid: id(at::UID),
        gid: id(at::GID),
        size: get_halves(bytes, at::SIZE) & if is_long { u64::MAX } else { u64::from(u32::MAX) },
        mtime,
        links: get16(bytes, at::LINKS),
        flags: get32(bytes, at::FLAGS),
        area,
        xattr_block: u64::from(get32(bytes, low)) | u64::from(get16(bytes, high)) << 32,
        behind: if extra > 0 { bytes[SIZE_OLD + extra..].to_vec() } else { Vec::new() },
        seed,
    })
}

fn check(bytes: &[u8], seed: Checksum, number: u32, extra: usize) -> Result<(), Problem> {
    let checksum = inode::checksum(bytes, seed, number);
    let (low, high) = at::CHECKSUM;
    let has_high = extra >= high + 2 - SIZE_OLD;
    let is_sound = get16(bytes, low) == checksum as u16
        && (!has_high || u32::from(get16(bytes, high)) == checksum >> 16);
    ensure(is_sound, "its checksum is wrong")
}

impl Inode {
    pub(super) fn kind(&self) -> u16 {
        self.mode & kind::MASK
    }

    pub(super) fn has(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }

    /// Refuses what cannot be read at all.
    pub(super) fn check_flags(&self) -> Result<(), Problem> {
        for (flag, feature) in [
            (flag::INLINE_DATA, "data inside an inode"),
            (flag::ENCRYPTED, "encrypted data"),
            (flag::XATTR_INODE, "an extended attribute with an inode of its own"),
        ] {
            if self.has(flag) {
                return Err(Problem::Unsupported(feature));
            }
        }
        Ok(())
    }
}
