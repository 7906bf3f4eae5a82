//! One entry of a tree.

use std::collections::BTreeMap;

use crate::content::Content;
use crate::path::GuestPath;

/// One entry: what it is, who owns it, when it changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Node {
    /// Owner, mode, time, extended attributes.
    pub meta: Meta,
    /// Directory, file, link or device.
    pub kind: Kind,
}

/// What every kind of node has. A hard link's meta is ignored: its target's counts.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Meta {
    /// Permission bits with setuid, setgid and sticky: twelve bits.
    pub mode: u16,
    /// Owning user.
    pub uid: u32,
    /// Owning group.
    pub gid: u32,
    /// Time of last modification.
    pub mtime: Timestamp,
    /// Extended attributes in the form the system calls use, name to value.
    pub xattrs: BTreeMap<Box<[u8]>, Box<[u8]>>,
}

/// A point in time, as file systems count it; ordered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub struct Timestamp {
    /// Seconds since 1970, negative before.
    pub seconds: i64,
    /// Nanoseconds past the second.
    pub nanoseconds: u32,
}

impl Timestamp {
    /// A whole second.
    pub fn from_seconds(seconds: i64) -> Self {
        Self { seconds, nanoseconds: 0 }
    }
}

/// What a node is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// A directory.
    Directory,
    /// A regular file.
    File(Content),
    /// A symbolic link with its target, verbatim.
    Symlink(Box<[u8]>),
    /// Another name of a node that is itself no hard link and no directory.
    HardLink(GuestPath),
    /// A character device.
    CharDevice {
        /// Major number.
        major: u32,
        /// Minor number.
        minor: u32,
    },
    /// A block device.
    BlockDevice {
        /// Major number.
        major: u32,
        /// Minor number.
        minor: u32,
    },
    /// A named pipe.
    Fifo,
    /// A socket.
    Socket,
}
