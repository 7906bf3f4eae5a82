//! Inodes: 512 bytes, of which the last 336 say where contents and extended attributes are.

use tree::Timestamp;

use crate::bytes::{get64, put, put16, put32, put64, seal};

pub(crate) const INODE: usize = 512;
pub(crate) const MAGIC: [u8; 2] = *b"IN";
pub(crate) const VERSION: u8 = 3;
pub(crate) const CHECKSUM: usize = 100;
pub(crate) const CORE: usize = 176;
/// What contents and attributes share.
pub(crate) const AREA: usize = INODE - CORE;
pub(crate) const FLAG_BIG_TIMES: u64 = 8;
pub(crate) const FLAG_BIG_COUNTS: u64 = 16;
/// What the inode of the bitmap of a real-time part has.
pub(crate) const FLAG_NEW_BITMAP: u16 = 4;

/// The beginning of what 32 bits could say.
pub(crate) const TIME_MIN: i64 = i32::MIN as i64;
/// Nanoseconds from there on are counted with 64 bits.
pub(crate) const TIME_MAX: i64 = TIME_MIN + (u64::MAX / NANOSECONDS) as i64 - 1;
const NANOSECONDS: u64 = 1_000_000_000;

/// The kinds of files, as modes have them.
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

/// What is in a part of the area.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// The number of a device.
    Device,
    /// The bytes themselves.
    Local,
    /// Runs of blocks.
    Extents,
    /// The root of a tree of runs of blocks.
    Tree,
}

impl Form {
    pub(crate) fn to_byte(self) -> u8 {
        self as u8
    }

    pub(crate) fn from_byte(byte: u8) -> Option<Self> {
        [Self::Device, Self::Local, Self::Extents, Self::Tree].get(usize::from(byte)).copied()
    }
}

/// What an inode says before its area.
#[derive(Debug, Clone)]
pub(crate) struct Core<'a> {
    pub(crate) uuid: &'a [u8; 16],
    pub(crate) number: u64,
    pub(crate) mode: u16,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    pub(crate) links: u32,
    pub(crate) accessed: Timestamp,
    pub(crate) modified: Timestamp,
    /// When the inode was made and last changed.
    pub(crate) made: Timestamp,
    pub(crate) size: u64,
    pub(crate) blocks: u64,
    pub(crate) extents: u32,
    pub(crate) form: Form,
    /// Runs of blocks of the extended attributes.
    pub(crate) attribute_extents: u16,
    pub(crate) attribute_form: Form,
    /// Where in the area the extended attributes begin; 0 for none.
    pub(crate) attributes_at: usize,
    pub(crate) flags: u16,
}

impl Core<'_> {
    /// The inode with its area.
    pub(crate) fn to_bytes(&self, area: &[u8; AREA]) -> [u8; INODE] {
        let mut bytes = start(self.uuid, self.number);
        put16(&mut bytes, 2, self.mode);
        bytes[5] = self.form.to_byte();
        for (at, value) in [(8, self.uid), (12, self.gid), (16, self.links), (76, self.extents)] {
            put32(&mut bytes, at, value);
        }
        let times = [(32, self.accessed), (40, self.modified), (48, self.made), (144, self.made)];
        for (at, time) in times {
            put64(&mut bytes, at, stored_time(time));
        }
        put64(&mut bytes, 56, self.size);
        put64(&mut bytes, 64, self.blocks);
        put16(&mut bytes, 80, self.attribute_extents);
        bytes[82] = (self.attributes_at / 8) as u8;
        bytes[83] = self.attribute_form.to_byte();
        put16(&mut bytes, 90, self.flags);
        // How often it changed.
        put64(&mut bytes, 104, 1);
        put64(&mut bytes, 120, FLAG_BIG_TIMES);
        put(&mut bytes, CORE, area);
        seal(&mut bytes, CHECKSUM);
        bytes
    }
}

/// An inode that nothing uses.
pub(crate) fn unused(uuid: &[u8; 16], number: u64) -> [u8; INODE] {
    let mut bytes = start(uuid, number);
    seal(&mut bytes, CHECKSUM);
    bytes
}

fn start(uuid: &[u8; 16], number: u64) -> [u8; INODE] {
    let mut bytes = [0; INODE];
    put(&mut bytes, 0, &MAGIC);
    bytes[4] = VERSION;
    // It is in no list of inodes without names.
    put32(&mut bytes, 96, u32::MAX);
    put64(&mut bytes, 152, number);
    put(&mut bytes, 160, uuid);
    bytes
}

fn stored_time(time: Timestamp) -> u64 {
    (time.seconds - TIME_MIN) as u64 * NANOSECONDS + u64::from(time.nanoseconds)
}

/// A time as it is stored: nanoseconds since 1901, or older, seconds and nanoseconds.
pub(crate) fn read_time(bytes: &[u8], at: usize, is_big: bool) -> Timestamp {
    let stored = get64(bytes, at);
    if is_big {
        let seconds = (stored / NANOSECONDS) as i64 + TIME_MIN;
        return Timestamp { seconds, nanoseconds: (stored % NANOSECONDS) as u32 };
    }
    let seconds = i64::from((stored >> 32) as i32);
    Timestamp { seconds, nanoseconds: (stored as u32).min(NANOSECONDS as u32 - 1) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_survive_the_way_to_disk_and_back() {
        for seconds in [TIME_MIN, -1, 0, 1 << 31, TIME_MAX] {
            let time = Timestamp { seconds, nanoseconds: 999_999_999 };
            assert_eq!(read_time(&stored_time(time).to_be_bytes(), 0, true), time);
        }
        let old = [0xff, 0xff, 0xff, 0xff, 0, 0, 0, 5];
        assert_eq!(read_time(&old, 0, false), Timestamp { seconds: -1, nanoseconds: 5 });
    }
}
