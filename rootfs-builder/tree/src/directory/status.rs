//! What the kernel tells of a file, and what of it identifies the file.

use rustix::fd::AsFd;
use rustix::fs::{AtFlags, Statx, StatxFlags, StatxTimestamp};
use rustix::io::Errno;

use crate::node::{Meta, Timestamp};

/// Which file on disk something is asked about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// The device that the file is on.
    pub device: u64,
    /// The file's number there, which a later file may get again.
    pub inode: u64,
    /// When the file was made; 1970 where the file system does not know.
    pub born: Timestamp,
    /// When anything about it last changed.
    pub changed: Timestamp,
    /// The owner on disk.
    pub uid: u32,
    /// The group on disk.
    pub gid: u32,
}

/// Which file stood at a path, and when it last changed. The kernel moves the time whenever
/// content, owner, mode, attributes or number of names change, and no process can set it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stamp {
    pub(super) inode: u64,
    pub(super) born: Timestamp,
    pub(super) changed: Timestamp,
}

impl Status {
    pub(super) fn of(stat: &Statx) -> Self {
        let stamp = Stamp::of(stat);
        Self {
            device: device(stat),
            inode: stamp.inode,
            born: stamp.born,
            changed: stamp.changed,
            uid: stat.stx_uid,
            gid: stat.stx_gid,
        }
    }
}

impl Stamp {
    pub(super) fn of(stat: &Statx) -> Self {
        let is_born = StatxFlags::from_bits_retain(stat.stx_mask).contains(StatxFlags::BTIME);
        let born = if is_born { time(&stat.stx_btime) } else { Timestamp::default() };
        Self { inode: stat.stx_ino, born, changed: time(&stat.stx_ctime) }
    }

    /// Whether both are of one file, however it may have changed.
    pub(super) fn is_of_file(&self, other: &Stamp) -> bool {
        self.inode == other.inode && self.born == other.born
    }
}

/// Asks about an open file or directory.
pub(super) fn status(handle: impl AsFd) -> Result<Statx, Errno> {
    statx(handle, b"", AtFlags::EMPTY_PATH)
}

/// Asks about an entry of a directory without following a link.
pub(super) fn status_of_entry(directory: impl AsFd, name: &[u8]) -> Result<Statx, Errno> {
    statx(directory, name, AtFlags::SYMLINK_NOFOLLOW)
}

/// Whether a file has the owner that it should have.
pub(super) fn has_owner(stat: &Statx, meta: &Meta) -> bool {
    stat.stx_uid == meta.uid && stat.stx_gid == meta.gid
}

/// Whether a file has the permission bits that it should have.
pub(super) fn has_mode(stat: &Statx, meta: &Meta) -> bool {
    stat.stx_mode & 0o7777 == meta.mode
}

/// The device that a file is on.
pub(super) fn device(stat: &Statx) -> u64 {
    rustix::fs::makedev(stat.stx_dev_major, stat.stx_dev_minor)
}

/// A time in the form that nodes have.
pub(super) fn time(time: &StatxTimestamp) -> Timestamp {
    Timestamp { seconds: time.tv_sec, nanoseconds: time.tv_nsec }
}

fn statx(handle: impl AsFd, name: &[u8], flags: AtFlags) -> Result<Statx, Errno> {
    let wanted = StatxFlags::BASIC_STATS | StatxFlags::BTIME;
    rustix::fs::statx(handle, name, flags | AtFlags::NO_AUTOMOUNT, wanted)
}
