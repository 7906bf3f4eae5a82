//! The shape of a filesystem, as its superblock tells and as far as it can be true.

use volume::read::{Image, Problem, ensure};

use crate::bytes::{get_halves, get16, get32};
use crate::checksum::Checksum;
use crate::format::superblock::{
    CHECKSUM_TYPE, MAGIC, SIZE, at, incompatible, read_only_compatible,
};
use crate::format::{group, has_backup, inode};

/// Features that cannot be read whatever is done with them, and what they are called.
const REFUSED: [(u32, &str); 2] = [
    (incompatible::RECOVER, "a journal that is to be replayed"),
    (!READ, "a feature that is not known"),
];
const READ: u32 = incompatible::FILETYPE
    | incompatible::RECOVER
    | incompatible::META_GROUPS
    | incompatible::EXTENTS
    | incompatible::SIXTY_FOUR_BIT
    | incompatible::MULTIPLE_MOUNT
    | incompatible::FLEX_GROUPS
    | incompatible::XATTR_INODES
    | incompatible::CHECKSUM_SEED
    | incompatible::LARGE_DIRECTORIES
    | incompatible::INLINE_DATA;

/// The shape of a filesystem.
#[derive(Debug)]
pub(super) struct Shape {
    pub(super) block_size: u64,
    pub(super) blocks: u64,
    pub(super) inodes: u32,
    pub(super) inodes_per_group: u32,
    pub(super) inode_size: usize,
    pub(super) first_inode: u32,
    pub(super) descriptor_size: usize,
    pub(super) has_large_directories: bool,
    pub(super) uuid: [u8; 16],
    pub(super) checksums: Checksums,
    first_data_block: u64,
    blocks_per_group: u64,
    /// From which block of descriptors on each lies near its groups; none if all lie together.
    first_meta_group: Option<u64>,
    has_few_backups: bool,
}

/// Which checksums there are.
#[derive(Debug, Clone, Copy)]
pub(super) enum Checksums {
    /// None.
    None,
    /// Short ones of group descriptors.
    Groups,
    /// Of all metadata, with what they begin with.
    Metadata(Checksum),
}

impl Shape {
    pub(super) fn read(image: &Image) -> Result<Self, Problem> {
        let mut bytes = [0; SIZE];
        ensure(image.length() >= 2 * SIZE as u64, "the image is too short")?;
        image.read(SIZE as u64, &mut bytes)?;
        ensure(get16(&bytes, at::MAGIC) == MAGIC, "this is no ext2, ext3 or ext4 filesystem")?;
        let shape = Self::parse(&bytes)?;
        let size = shape.blocks.checked_mul(shape.block_size);
        ensure(
            size.is_some_and(|size| size <= image.length()),
            "the image is shorter than its filesystem",
        )?;
        Ok(shape)
    }

    fn parse(bytes: &[u8; SIZE]) -> Result<Self, Problem> {
        let features = get32(bytes, at::INCOMPATIBLE);
        if let Some((_, feature)) = REFUSED.iter().find(|(mask, _)| features & mask != 0) {
            return Err(Problem::Unsupported(feature));
        }
        let has = |feature| features & feature != 0;
        let checksums = checksums(bytes, features)?;
        let log_block_size = get32(bytes, at::LOG_BLOCK_SIZE);
        ensure(log_block_size <= 6, "blocks are too large")?;
        let block_size = 1024 << log_block_size;
        let mut blocks = get_halves(bytes, at::BLOCKS);
        let mut descriptor_size = usize::from(get16(bytes, at::DESCRIPTOR_SIZE));
        if !has(incompatible::SIXTY_FOUR_BIT) {
            blocks &= u64::from(u32::MAX);
            descriptor_size = group::SIZE_SMALL;
        }
        let is_first_revision = get32(bytes, at::REVISION) == 0;
        let (inode_size, first_inode) = if is_first_revision {
            (inode::SIZE_OLD, inode::FIRST)
        } else {
            (usize::from(get16(bytes, at::INODE_SIZE)), get32(bytes, at::FIRST_INODE))
        };
        let mut uuid = [0; 16];
        uuid.copy_from_slice(&bytes[at::UUID..at::UUID + 16]);
        let few = get32(bytes, at::READ_ONLY_COMPATIBLE) & read_only_compatible::SPARSE_SUPER;
        let shape = Self {
            block_size,
            blocks,
            inodes: get32(bytes, at::INODES),
            inodes_per_group: get32(bytes, at::INODES_PER_GROUP),
            inode_size,
            first_inode,
            descriptor_size,
            has_large_directories: has(incompatible::LARGE_DIRECTORIES),
            uuid,
            checksums,
            first_data_block: u64::from(get32(bytes, at::FIRST_DATA_BLOCK)),
            blocks_per_group: u64::from(get32(bytes, at::BLOCKS_PER_GROUP)),
            first_meta_group: has(incompatible::META_GROUPS)
                .then(|| u64::from(get32(bytes, at::FIRST_META_GROUP))),
            has_few_backups: few != 0,
        };
        shape.check()?;
        Ok(shape)
    }

    fn check(&self) -> Result<(), Problem> {
        let sizes = group::SIZE_SMALL..=1024;
        let is_descriptor = self.descriptor_size.is_power_of_two();
        ensure(
            is_descriptor && sizes.contains(&self.descriptor_size),
            "group descriptors have an impossible size",
        )?;
        let is_inode = self.inode_size.is_power_of_two() && self.inode_size >= inode::SIZE_OLD;
        ensure(
            is_inode && self.inode_size as u64 <= self.block_size,
            "inodes have an impossible size",
        )?;
        ensure(self.blocks_per_group > 0 && self.inodes_per_group > 0, "groups are empty")?;
        ensure(self.first_data_block <= 1, "the first block has an impossible number")?;
        let groups =
            self.blocks.saturating_sub(self.first_data_block).div_ceil(self.blocks_per_group);
        let inodes_max = groups.saturating_mul(u64::from(self.inodes_per_group));
        ensure(u64::from(self.inodes) <= inodes_max, "there are more inodes than groups can have")
    }

    /// Where the descriptor of a group is.
    pub(super) fn descriptor_position(&self, group: u32) -> u64 {
        let group = u64::from(group);
        let size = self.descriptor_size as u64;
        let per_block = self.block_size / size;
        let (number, within) = (group / per_block, group % per_block * size);
        let block = match self.first_meta_group {
            Some(first) if number >= first => {
                let leader = number * per_block;
                let is_after_copy = !self.has_few_backups || has_backup(leader);
                let start = self.first_data_block + leader * self.blocks_per_group;
                start + u64::from(is_after_copy)
            }
            _ => self.first_data_block + 1 + number,
        };
        block * self.block_size + within
    }
}

fn checksums(bytes: &[u8; SIZE], features: u32) -> Result<Checksums, Problem> {
    let optional = get32(bytes, at::READ_ONLY_COMPATIBLE);
    if optional & read_only_compatible::METADATA_CHECKSUMS == 0 {
        let has_groups = optional & read_only_compatible::GROUP_CHECKSUMS != 0;
        return Ok(if has_groups { Checksums::Groups } else { Checksums::None });
    }
    if bytes[at::CHECKSUM_TYPE] != CHECKSUM_TYPE {
        return Err(Problem::Unsupported("a kind of checksum that is not known"));
    }
    let checksum = Checksum::new().with(&bytes[..at::CHECKSUM]).value();
    ensure(get32(bytes, at::CHECKSUM) == checksum, "its checksum is wrong")?;
    Ok(Checksums::Metadata(if features & incompatible::CHECKSUM_SEED == 0 {
        Checksum::new().with(&bytes[at::UUID..at::UUID + 16])
    } else {
        Checksum::from_stored(get32(bytes, at::CHECKSUM_SEED))
    }))
}
