//! The headers of a group: of its free blocks, of its inodes, and the list of blocks set aside.

use super::geometry::{ROOT_BY_PLACE, ROOT_BY_SIZE, ROOT_OF_INODES, SET_ASIDE};
use super::{BLOCK, SECTOR};
use crate::bytes::{put, put32, seal};

const UNLINKED_LISTS: usize = 64;
const NONE: u32 = u32::MAX;

/// What a group says of itself.
#[derive(Debug)]
pub(crate) struct Group<'a> {
    pub(crate) uuid: &'a [u8; 16],
    pub(crate) number: u32,
    pub(crate) blocks: u32,
    pub(crate) free_blocks: u32,
    pub(crate) longest_free: u32,
    pub(crate) inodes: u32,
    pub(crate) free_inodes: u32,
    /// How many levels the tree of its inodes has.
    pub(crate) inode_levels: u32,
    /// The first inode of the newest chunk, as the group counts them.
    pub(crate) newest: Option<u32>,
}

impl Group<'_> {
    /// The rest of a first block, behind the superblock.
    pub(crate) fn to_bytes(&self) -> [u8; BLOCK - SECTOR] {
        let mut bytes = [0; BLOCK - SECTOR];
        let (free, rest) = bytes.split_at_mut(SECTOR);
        let (inodes, rest) = rest.split_at_mut(SECTOR);
        self.put_free(free);
        self.put_inodes(inodes);
        self.put_set_aside(&mut rest[..SECTOR]);
        bytes
    }

    fn put_start(&self, bytes: &mut [u8], magic: [u8; 4]) {
        put(bytes, 0, &magic);
        for (at, value) in [(4, 1), (8, self.number), (12, self.blocks)] {
            put32(bytes, at, value);
        }
    }

    fn put_free(&self, bytes: &mut [u8]) {
        self.put_start(bytes, *b"XAGF");
        let count = (SET_ASIDE.end - SET_ASIDE.start) as u32;
        for (at, value) in [
            (16, ROOT_BY_PLACE as u32),
            (20, ROOT_BY_SIZE as u32),
            // Both trees have one level.
            (28, 1),
            (32, 1),
            // The first and last of the list in use.
            (40, 0),
            (44, count - 1),
            (48, count),
            (52, self.free_blocks),
            (56, self.longest_free),
        ] {
            put32(bytes, at, value);
        }
        put(bytes, 64, self.uuid);
        seal(bytes, 216);
    }

    fn put_inodes(&self, bytes: &mut [u8]) {
        self.put_start(bytes, *b"XAGI");
        for (at, value) in [
            (16, self.inodes),
            (20, ROOT_OF_INODES as u32),
            (24, self.inode_levels),
            (28, self.free_inodes),
            (32, self.newest.unwrap_or(NONE)),
            (36, NONE),
        ] {
            put32(bytes, at, value);
        }
        for list in 0..UNLINKED_LISTS {
            put32(bytes, 40 + 4 * list, NONE);
        }
        put(bytes, 296, self.uuid);
        seal(bytes, 312);
    }

    fn put_set_aside(&self, bytes: &mut [u8]) {
        put(bytes, 0, b"XAFL");
        put32(bytes, 4, self.number);
        put(bytes, 8, self.uuid);
        let listed = SET_ASIDE.map(|block| block as u32).chain(std::iter::repeat(NONE));
        for (at, block) in (36..SECTOR).step_by(4).zip(listed) {
            put32(bytes, at, block);
        }
        seal(bytes, 32);
    }
}
