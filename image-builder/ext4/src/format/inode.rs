//! Inodes.

use tree::Timestamp;

use crate::bytes::{get32, put_halves, put16, put32};
use crate::checksum::Checksum;

/// How long one is.
pub(crate) const SIZE: usize = 256;
/// How much of it all versions of the format have.
pub(crate) const SIZE_OLD: usize = 128;
/// How many bytes of fields follow that.
pub(crate) const EXTRA_SIZE: u16 = 32;
/// The bytes that say where the blocks are, or are a short link's target.
pub(crate) const AREA: usize = 60;
/// Where extended attributes begin, and how much room they have.
pub(crate) const XATTRS_AT: usize = SIZE_OLD + EXTRA_SIZE as usize;
pub(crate) const XATTRS_SIZE: usize = SIZE - XATTRS_AT;

pub(crate) const ROOT: u32 = 2;
pub(crate) const RESIZE: u32 = 7;
/// The first that is not reserved; it is that of `lost+found`.
pub(crate) const FIRST: u32 = 11;
/// Names of a file, and directories in a directory where that is not simply unknown.
pub(crate) const LINKS_MAX: u32 = 65_000;
/// In 1901 and in 2446: what 34 bits hold.
pub(crate) const TIME_MIN: i64 = -(1 << 31);
pub(crate) const TIME_MAX: i64 = (1 << 34) - (1 << 31) - 1;

/// Where its fields are.
pub(crate) mod at {
    pub(crate) const MODE: usize = 0x00;
    pub(crate) const UID: (usize, usize) = (0x02, 0x78);
    pub(crate) const SIZE: (usize, usize) = (0x04, 0x6c);
    pub(crate) const ACCESS_TIME: usize = 0x08;
    pub(crate) const CHANGE_TIME: usize = 0x0c;
    pub(crate) const MODIFICATION_TIME: usize = 0x10;
    pub(crate) const GID: (usize, usize) = (0x18, 0x7a);
    pub(crate) const LINKS: usize = 0x1a;
    pub(crate) const SECTORS: (usize, usize) = (0x1c, 0x74);
    pub(crate) const FLAGS: usize = 0x20;
    pub(crate) const AREA: usize = 0x28;
    pub(crate) const GENERATION: usize = 0x64;
    pub(crate) const XATTR_BLOCK: (usize, usize) = (0x68, 0x76);
    pub(crate) const CHECKSUM: (usize, usize) = (0x7c, 0x82);
    pub(crate) const EXTRA_SIZE: usize = 0x80;
    pub(crate) const CHANGE_TIME_EXTRA: usize = 0x84;
    pub(crate) const MODIFICATION_TIME_EXTRA: usize = 0x88;
    pub(crate) const ACCESS_TIME_EXTRA: usize = 0x8c;
    pub(crate) const CREATION_TIME: usize = 0x90;
    pub(crate) const CREATION_TIME_EXTRA: usize = 0x94;
}

/// Kinds of files, in the upper bits of the mode.
pub(crate) mod kind {
    pub(crate) const MASK: u16 = 0xf000;
    pub(crate) const FIFO: u16 = 0x1000;
    pub(crate) const CHAR_DEVICE: u16 = 0x2000;
    pub(crate) const DIRECTORY: u16 = 0x4000;
    pub(crate) const BLOCK_DEVICE: u16 = 0x6000;
    pub(crate) const FILE: u16 = 0x8000;
    pub(crate) const SYMLINK: u16 = 0xa000;
    pub(crate) const SOCKET: u16 = 0xc000;
}

pub(crate) mod flag {
    pub(crate) const ENCRYPTED: u32 = 0x800;
    pub(crate) const INDEXED: u32 = 0x1000;
    pub(crate) const EXTENTS: u32 = 0x8_0000;
    pub(crate) const XATTR_INODE: u32 = 0x20_0000;
    pub(crate) const INLINE_DATA: u32 = 0x1000_0000;
}

/// All that is not zero in an inode.
#[derive(Debug)]
pub(crate) struct Inode {
    pub(crate) mode: u16,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) size: u64,
    pub(crate) time: Timestamp,
    pub(crate) links: u16,
    /// Blocks of all kinds that belong to it, in units of 512 bytes.
    pub(crate) sectors: u64,
    pub(crate) flags: u32,
    pub(crate) area: [u8; AREA],
    pub(crate) xattr_block: u64,
    pub(crate) xattrs: [u8; XATTRS_SIZE],
}

impl Inode {
    /// The inode without checksum.
    pub(crate) fn encode(&self) -> [u8; SIZE] {
        let mut bytes = [0; SIZE];
        put16(&mut bytes, at::MODE, self.mode);
        for (place, id) in [(at::UID, self.uid), (at::GID, self.gid)] {
            put16(&mut bytes, place.0, id as u16);
            put16(&mut bytes, place.1, (id >> 16) as u16);
        }
        put_halves(&mut bytes, at::SIZE, self.size);
        put16(&mut bytes, at::LINKS, self.links);
        put32(&mut bytes, at::SECTORS.0, self.sectors as u32);
        put16(&mut bytes, at::SECTORS.1, (self.sectors >> 32) as u16);
        put32(&mut bytes, at::FLAGS, self.flags);
        bytes[at::AREA..at::AREA + AREA].copy_from_slice(&self.area);
        put32(&mut bytes, at::XATTR_BLOCK.0, self.xattr_block as u32);
        put16(&mut bytes, at::XATTR_BLOCK.1, (self.xattr_block >> 32) as u16);
        put16(&mut bytes, at::EXTRA_SIZE, EXTRA_SIZE);
        for (seconds, extra) in [
            (at::ACCESS_TIME, at::ACCESS_TIME_EXTRA),
            (at::CHANGE_TIME, at::CHANGE_TIME_EXTRA),
            (at::MODIFICATION_TIME, at::MODIFICATION_TIME_EXTRA),
            (at::CREATION_TIME, at::CREATION_TIME_EXTRA),
        ] {
            put32(&mut bytes, seconds, self.time.seconds as u32);
            put32(&mut bytes, extra, time_extra(self.time));
        }
        bytes[XATTRS_AT..].copy_from_slice(&self.xattrs);
        bytes
    }
}

/// Puts the checksum into an inode of whatever size, also into one that is empty.
pub(crate) fn seal(bytes: &mut [u8; SIZE], seed: Checksum, number: u32) {
    let value = checksum(bytes, seed, number);
    put16(bytes, at::CHECKSUM.0, value as u16);
    if crate::bytes::get16(bytes, at::EXTRA_SIZE) >= 4 {
        put16(bytes, at::CHECKSUM.1, (value >> 16) as u16);
    }
}

/// The checksum of an inode of any size, which is not part of itself.
pub(crate) fn checksum(bytes: &[u8], seed: Checksum, number: u32) -> u32 {
    let seed = seed.of_inode(number, get32(bytes, at::GENERATION));
    let (low, high) = at::CHECKSUM;
    let sum = seed.with(&bytes[..low]).with(&[0; 2]).with(&bytes[low + 2..SIZE_OLD]);
    if bytes.len() < high + 2 {
        return sum.value();
    }
    let sum = sum.with(&bytes[SIZE_OLD..high]);
    // Where the upper half is not a field, it is whatever else lies there.
    let has_high = crate::bytes::get16(bytes, at::EXTRA_SIZE) >= 4;
    let sum = if has_high { sum.with(&[0; 2]) } else { sum.with(&bytes[high..high + 2]) };
    sum.with(&bytes[high + 2..]).value()
}

/// Nanoseconds, and below them the bits that the seconds lack.
fn time_extra(time: Timestamp) -> u32 {
    let below = i64::from(time.seconds as u32 as i32);
    let epoch = (time.seconds - below) >> 32;
    (epoch as u32 & 3) | time.nanoseconds << 2
}

/// The time of two stored numbers; there is no second one in short inodes.
pub(crate) fn time(seconds: u32, extra: u32) -> Timestamp {
    let epoch = i64::from(extra & 3) << 32;
    Timestamp { seconds: i64::from(seconds as i32) + epoch, nanoseconds: extra >> 2 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_come_back_from_1901_to_2446() {
        for seconds in [TIME_MIN, -1, 0, 1, 1 << 31, 1 << 32, (3 << 32) - 1, 3 << 32, TIME_MAX] {
            let written = Timestamp { seconds, nanoseconds: 999_999_999 };
            assert_eq!(time(seconds as u32, time_extra(written)), written);
        }
    }
}
