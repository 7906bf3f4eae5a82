//! The superblock.

use super::inode::AREA;
use super::{BLOCKS_PER_GROUP, LOG_GROUPS_PER_FLEX};
use crate::bytes::{put_halves, put16, put32};
use crate::checksum::Checksum;

/// How long it is, and how far into the filesystem it lies.
pub(crate) const SIZE: usize = 1024;
pub(crate) const MAGIC: u16 = 0xef53;
/// CRC-32C, the only kind of checksum there is.
pub(crate) const CHECKSUM_TYPE: u8 = 1;
pub(crate) const HASH_HALF_MD4: u8 = 1;

/// Where its fields are.
pub(crate) mod at {
    pub(crate) const INODES: usize = 0x00;
    pub(crate) const BLOCKS: (usize, usize) = (0x04, 0x150);
    pub(crate) const RESERVED_BLOCKS: (usize, usize) = (0x08, 0x154);
    pub(crate) const FREE_BLOCKS: (usize, usize) = (0x0c, 0x158);
    pub(crate) const FREE_INODES: usize = 0x10;
    pub(crate) const FIRST_DATA_BLOCK: usize = 0x14;
    pub(crate) const LOG_BLOCK_SIZE: usize = 0x18;
    pub(crate) const LOG_CLUSTER_SIZE: usize = 0x1c;
    pub(crate) const BLOCKS_PER_GROUP: usize = 0x20;
    pub(crate) const CLUSTERS_PER_GROUP: usize = 0x24;
    pub(crate) const INODES_PER_GROUP: usize = 0x28;
    pub(crate) const WRITE_TIME: usize = 0x30;
    pub(crate) const MOUNTS_MAX: usize = 0x36;
    pub(crate) const MAGIC: usize = 0x38;
    pub(crate) const STATE: usize = 0x3a;
    pub(crate) const ERRORS: usize = 0x3c;
    pub(crate) const CHECK_TIME: usize = 0x40;
    pub(crate) const REVISION: usize = 0x4c;
    pub(crate) const FIRST_INODE: usize = 0x54;
    pub(crate) const INODE_SIZE: usize = 0x58;
    pub(crate) const GROUP: usize = 0x5a;
    pub(crate) const COMPATIBLE: usize = 0x5c;
    pub(crate) const INCOMPATIBLE: usize = 0x60;
    pub(crate) const READ_ONLY_COMPATIBLE: usize = 0x64;
    pub(crate) const UUID: usize = 0x68;
    pub(crate) const LABEL: usize = 0x78;
    pub(crate) const RESERVED_DESCRIPTOR_BLOCKS: usize = 0xce;
    pub(crate) const JOURNAL_INODE: usize = 0xe0;
    pub(crate) const HASH_SEED: usize = 0xec;
    pub(crate) const HASH_VERSION: usize = 0xfc;
    pub(crate) const JOURNAL_BACKUP_TYPE: usize = 0xfd;
    pub(crate) const DESCRIPTOR_SIZE: usize = 0xfe;
    pub(crate) const MOUNT_OPTIONS: usize = 0x100;
    pub(crate) const FIRST_META_GROUP: usize = 0x104;
    pub(crate) const CREATION_TIME: usize = 0x108;
    pub(crate) const JOURNAL_BACKUP: usize = 0x10c;
    pub(crate) const JOURNAL_SIZE: (usize, usize) = (0x14c, 0x148);
    pub(crate) const MIN_EXTRA_SIZE: usize = 0x15c;
    pub(crate) const WANT_EXTRA_SIZE: usize = 0x15e;
    pub(crate) const FLAGS: usize = 0x160;
    pub(crate) const LOG_GROUPS_PER_FLEX: usize = 0x174;
    pub(crate) const CHECKSUM_TYPE: usize = 0x175;
    pub(crate) const OVERHEAD_BLOCKS: usize = 0x248;
    pub(crate) const CHECKSUM_SEED: usize = 0x270;
    pub(crate) const WRITE_TIME_HIGH: usize = 0x274;
    pub(crate) const CREATION_TIME_HIGH: usize = 0x276;
    pub(crate) const CHECK_TIME_HIGH: usize = 0x277;
    pub(crate) const CHECKSUM: usize = 0x3fc;
}

/// Features that a kernel may not know.
pub(crate) mod compatible {
    pub(crate) const HAS_JOURNAL: u32 = 0x4;
    pub(crate) const EXT_ATTR: u32 = 0x8;
    pub(crate) const RESIZE_INODE: u32 = 0x10;
    pub(crate) const DIR_INDEX: u32 = 0x20;
}

/// Features that a kernel must know.
pub(crate) mod incompatible {
    pub(crate) const FILETYPE: u32 = 0x2;
    pub(crate) const RECOVER: u32 = 0x4;
    pub(crate) const META_GROUPS: u32 = 0x10;
    pub(crate) const EXTENTS: u32 = 0x40;
    pub(crate) const SIXTY_FOUR_BIT: u32 = 0x80;
    pub(crate) const MULTIPLE_MOUNT: u32 = 0x100;
    pub(crate) const FLEX_GROUPS: u32 = 0x200;
    pub(crate) const XATTR_INODES: u32 = 0x400;
    pub(crate) const CHECKSUM_SEED: u32 = 0x2000;
    pub(crate) const LARGE_DIRECTORIES: u32 = 0x4000;
    pub(crate) const INLINE_DATA: u32 = 0x8000;
}

/// Features that a kernel must know to write.
pub(crate) mod read_only_compatible {
    pub(crate) const SPARSE_SUPER: u32 = 0x1;
    pub(crate) const LARGE_FILE: u32 = 0x2;
    pub(crate) const HUGE_FILE: u32 = 0x8;
    pub(crate) const GROUP_CHECKSUMS: u32 = 0x10;
    pub(crate) const DIR_NLINK: u32 = 0x20;
    pub(crate) const EXTRA_ISIZE: u32 = 0x40;
    pub(crate) const METADATA_CHECKSUMS: u32 = 0x400;
}

const COMPATIBLE: u32 = compatible::EXT_ATTR | compatible::DIR_INDEX;
const INCOMPATIBLE: u32 = incompatible::FILETYPE
    | incompatible::EXTENTS
    | incompatible::SIXTY_FOUR_BIT
    | incompatible::FLEX_GROUPS;
const READ_ONLY_COMPATIBLE: u32 = read_only_compatible::SPARSE_SUPER
    | read_only_compatible::LARGE_FILE
    | read_only_compatible::HUGE_FILE
    | read_only_compatible::DIR_NLINK
    | read_only_compatible::EXTRA_ISIZE
    | read_only_compatible::METADATA_CHECKSUMS;
/// Extended attributes of users, and access control lists.
const MOUNT_OPTIONS: u32 = 0x4 | 0x8;
/// Bytes of names count as signed numbers when they are hashed.
const SIGNED_HASH: u32 = 1;

/// What differs from one filesystem to the next.
#[derive(Debug)]
pub(crate) struct Superblock {
    pub(crate) inodes: u32,
    pub(crate) blocks: u64,
    pub(crate) reserved_blocks: u64,
    pub(crate) free_blocks: u64,
    pub(crate) free_inodes: u32,
    pub(crate) overhead_blocks: u64,
    pub(crate) inodes_per_group: u32,
    /// None if there is no inode that keeps room for descriptors.
    pub(crate) reserved_descriptor_blocks: Option<u16>,
    pub(crate) uuid: [u8; 16],
    pub(crate) hash_seed: [u8; 16],
    pub(crate) label: Vec<u8>,
    pub(crate) time: i64,
    pub(crate) journal: Option<JournalBackup>,
}

/// The journal's size and what its inode says about its blocks.
#[derive(Debug)]
pub(crate) struct JournalBackup {
    pub(crate) bytes: u64,
    pub(crate) area: [u8; AREA],
}

impl Superblock {
    /// The copy that lies in `group`.
    pub(crate) fn encode(&self, group: u32) -> [u8; SIZE] {
        let mut bytes = [0; SIZE];
        self.put_shape(&mut bytes);
        self.put_identity(&mut bytes);
        self.put_features(&mut bytes);
        // Of more groups the copies say nothing.
        put16(&mut bytes, at::GROUP, u16::try_from(group).unwrap_or(u16::MAX));
        let checksum = Checksum::new().with(&bytes[..at::CHECKSUM]).value();
        put32(&mut bytes, at::CHECKSUM, checksum);
        bytes
    }

    fn put_shape(&self, bytes: &mut [u8; SIZE]) {
        put32(bytes, at::INODES, self.inodes);
        put_halves(bytes, at::BLOCKS, self.blocks);
        put_halves(bytes, at::RESERVED_BLOCKS, self.reserved_blocks);
        put_halves(bytes, at::FREE_BLOCKS, self.free_blocks);
        put32(bytes, at::FREE_INODES, self.free_inodes);
        // 4096 is 1024 shifted by two.
        put32(bytes, at::LOG_BLOCK_SIZE, 2);
        put32(bytes, at::LOG_CLUSTER_SIZE, 2);
        put32(bytes, at::BLOCKS_PER_GROUP, BLOCKS_PER_GROUP as u32);
        put32(bytes, at::CLUSTERS_PER_GROUP, BLOCKS_PER_GROUP as u32);
        put32(bytes, at::INODES_PER_GROUP, self.inodes_per_group);
        put32(bytes, at::FIRST_INODE, super::inode::FIRST);
        put16(bytes, at::INODE_SIZE, super::inode::SIZE as u16);
        put16(bytes, at::MIN_EXTRA_SIZE, super::inode::EXTRA_SIZE);
        put16(bytes, at::WANT_EXTRA_SIZE, super::inode::EXTRA_SIZE);
        put16(bytes, at::DESCRIPTOR_SIZE, super::group::SIZE as u16);
        bytes[at::LOG_GROUPS_PER_FLEX] = LOG_GROUPS_PER_FLEX;
        // It is a hint that has room for 16 TiB only.
        put32(bytes, at::OVERHEAD_BLOCKS, u32::try_from(self.overhead_blocks).unwrap_or(0));
    }

    fn put_identity(&self, bytes: &mut [u8; SIZE]) {
        put16(bytes, at::MAGIC, MAGIC);
        put32(bytes, at::REVISION, 1);
        // Cleanly unmounted; on errors go on; no check after a number of mounts.
        put16(bytes, at::STATE, 1);
        put16(bytes, at::ERRORS, 1);
        put16(bytes, at::MOUNTS_MAX, u16::MAX);
        bytes[at::UUID..at::UUID + 16].copy_from_slice(&self.uuid);
        bytes[at::LABEL..at::LABEL + self.label.len()].copy_from_slice(&self.label);
        for (low, high) in [
            (at::WRITE_TIME, at::WRITE_TIME_HIGH),
            (at::CREATION_TIME, at::CREATION_TIME_HIGH),
            (at::CHECK_TIME, at::CHECK_TIME_HIGH),
        ] {
            put32(bytes, low, self.time as u32);
            bytes[high] = (self.time >> 32) as u8;
        }
    }

    fn put_features(&self, bytes: &mut [u8; SIZE]) {
        let mut compatible = COMPATIBLE;
        if let Some(reserved) = self.reserved_descriptor_blocks {
            compatible |= compatible::RESIZE_INODE;
            put16(bytes, at::RESERVED_DESCRIPTOR_BLOCKS, reserved);
        }
        if let Some(journal) = &self.journal {
            compatible |= compatible::HAS_JOURNAL;
            put32(bytes, at::JOURNAL_INODE, super::journal::INODE);
            bytes[at::JOURNAL_BACKUP_TYPE] = 1;
            bytes[at::JOURNAL_BACKUP..at::JOURNAL_BACKUP + AREA].copy_from_slice(&journal.area);
            put_halves(bytes, at::JOURNAL_SIZE, journal.bytes);
        }
        put32(bytes, at::COMPATIBLE, compatible);
        put32(bytes, at::INCOMPATIBLE, INCOMPATIBLE);
        put32(bytes, at::READ_ONLY_COMPATIBLE, READ_ONLY_COMPATIBLE);
        put32(bytes, at::MOUNT_OPTIONS, MOUNT_OPTIONS);
        bytes[at::HASH_SEED..at::HASH_SEED + 16].copy_from_slice(&self.hash_seed);
        bytes[at::HASH_VERSION] = HASH_HALF_MD4;
        put32(bytes, at::FLAGS, SIGNED_HASH);
        bytes[at::CHECKSUM_TYPE] = CHECKSUM_TYPE;
    }
}
