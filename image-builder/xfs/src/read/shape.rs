//! The shape of a filesystem, as its superblock tells and as far as it can be true.

use volume::read::{Image, Problem, ensure};

use crate::bytes::{get16, get32, get64};
use crate::format::checksum;
use crate::format::superblock::{CHECKSUM, MAGIC, VERSION, incompatible};

const READ: u32 = incompatible::FILE_TYPES
    | incompatible::SPARSE_CHUNKS
    | incompatible::OTHER_UUID
    | incompatible::BIG_TIMES
    | incompatible::BIG_COUNTS
    | incompatible::EXCHANGED_RANGES
    | incompatible::PARENT_POINTERS;
/// The superblock with all that is known of it.
const SIZE: usize = 512;
/// The largest sector, which the checksum is about.
const SECTOR_MAX: u32 = 15;

/// The shape of a filesystem.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) block_size: u64,
    pub(super) inode_size: usize,
    pub(super) root: u64,
    /// How many blocks a block of a directory has.
    pub(super) directory_blocks: u64,
    /// What all metadata says whose it is.
    pub(super) uuid: [u8; 16],
    blocks: u64,
    group_blocks: u64,
    group_bits: u32,
    /// Inodes of a block, as a power of two.
    inode_bits: u32,
}

impl Shape {
    pub(super) fn read(image: &Image) -> Result<Self, Problem> {
        let mut bytes = [0; SIZE];
        ensure(image.length() >= SIZE as u64, "the image is too short")?;
        image.read(0, &mut bytes)?;
        ensure(bytes.starts_with(MAGIC), "this is no XFS filesystem")?;
        if get16(&bytes, 100) & 0xf != VERSION {
            return Err(Problem::Unsupported("a filesystem without checksums"));
        }
        let sector_bits = u32::from(bytes[121]);
        ensure((9..=SECTOR_MAX).contains(&sector_bits), "the size of a sector is impossible")?;
        let mut sector = vec![0; 1 << sector_bits];
        image.read(0, &mut sector)?;
        ensure(checksum::is_right(&sector, CHECKSUM), "the checksum is wrong")?;
        let shape = Self::parse(&bytes)?;
        let size = shape.blocks.checked_mul(shape.block_size);
        ensure(
            size.is_some_and(|size| size <= image.length()),
            "the image is shorter than its filesystem",
        )?;
        Ok(shape)
    }

    fn parse(bytes: &[u8; SIZE]) -> Result<Self, Problem> {
        let features = get32(bytes, 216);
        if features & !READ != 0 || features & incompatible::FILE_TYPES == 0 {
            return Err(Problem::Unsupported("a feature that is not known"));
        }
        let [block_bits, _, inode_bits, inodes_of_block, group_bits] =
            [120, 121, 122, 123, 124].map(|at: usize| u32::from(bytes[at]));
        let directory_bits = u32::from(bytes[192]);
        let group_blocks = u64::from(get32(bytes, 84));
        let is_sound = (9..=16).contains(&block_bits)
            && (9..=11).contains(&inode_bits)
            && block_bits.checked_sub(inode_bits) == Some(inodes_of_block)
            && block_bits + directory_bits <= 16
            && (1..32).contains(&group_bits)
            && (1..=1 << group_bits).contains(&group_blocks);
        ensure(is_sound, "its sizes contradict each other")?;
        let uuid_at = if features & incompatible::OTHER_UUID == 0 { 32 } else { 248 };
        let uuid = bytes[uuid_at..].first_chunk().copied().unwrap_or_default();
        Ok(Self {
            block_size: 1 << block_bits,
            inode_size: 1 << inode_bits,
            root: get64(bytes, 56),
            directory_blocks: 1 << directory_bits,
            uuid,
            blocks: get64(bytes, 8),
            group_blocks,
            group_bits,
            inode_bits: inodes_of_block,
        })
    }

    /// Where so many blocks begin whose number is packed, counted from the start.
    pub(super) fn place(&self, packed: u64, blocks: u64) -> Result<u64, Problem> {
        let (group, inside) = (packed >> self.group_bits, packed & ((1 << self.group_bits) - 1));
        let first =
            group.checked_mul(self.group_blocks).and_then(|start| start.checked_add(inside));
        let end = first.and_then(|first| first.checked_add(blocks));
        let is_inside = inside.checked_add(blocks).is_some_and(|end| end <= self.group_blocks)
            && end.is_some_and(|end| end <= self.blocks);
        ensure(is_inside, "a block of it lies outside of the filesystem")?;
        Ok(first.unwrap_or_default())
    }

    /// Where an inode begins, in bytes.
    pub(super) fn inode(&self, number: u64) -> Result<u64, Problem> {
        let block = self.place(number >> self.inode_bits, 1)?;
        let inside = number & ((1 << self.inode_bits) - 1);
        Ok(block * self.block_size + inside * self.inode_size as u64)
    }
}
