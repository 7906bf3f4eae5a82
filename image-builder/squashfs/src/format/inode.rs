//! Inodes: seven kinds, each in a short and a long form.

use super::{NO_FRAGMENT, NO_XATTRS};

/// What is behind a name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Inode {
    pub mode: u16,
    /// Place of the owning user in the table of owners.
    pub user: u16,
    /// Place of the owning group in the table of owners.
    pub group: u16,
    pub mtime: u32,
    pub number: u32,
    pub links: u32,
    /// Which set of extended attributes, or `NO_XATTRS`.
    pub xattrs: u32,
    pub body: Body,
}

/// What the kinds do not share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Body {
    Directory(Listing),
    File(Extent),
    Symlink(Box<[u8]>),
    BlockDevice(u32),
    CharDevice(u32),
    Fifo,
    Socket,
}

/// Where the entries of a directory are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listing {
    pub block: u32,
    pub offset: u16,
    /// Bytes of the listing, and three more.
    pub size: u32,
    pub parent: u32,
    /// How many places of the listing follow the inode.
    pub index_count: u16,
}

/// Where the bytes of a file are. The sizes of its blocks follow the inode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Extent {
    pub start: u64,
    pub size: u64,
    /// Bytes in blocks that are not stored, being zero.
    pub hole_bytes: u64,
    /// Which fragment holds the end of the file, or `NO_FRAGMENT`.
    pub fragment: u32,
    /// Where in the fragment.
    pub offset: u32,
}

/// The long form of a kind has its number and seven.
pub(crate) const LONG: u16 = 7;

/// The numbers of the kinds in their short form, which directory entries use for both.
pub(crate) mod kind {
    pub(crate) const DIRECTORY: u16 = 1;
    pub(crate) const FILE: u16 = 2;
    pub(crate) const SYMLINK: u16 = 3;
    pub(crate) const BLOCK_DEVICE: u16 = 4;
    pub(crate) const CHAR_DEVICE: u16 = 5;
    pub(crate) const FIFO: u16 = 6;
    pub(crate) const SOCKET: u16 = 7;
}

impl Body {
    pub(crate) fn kind(&self) -> u16 {
        match self {
            Self::Directory(_) => kind::DIRECTORY,
            Self::File(_) => kind::FILE,
            Self::Symlink(_) => kind::SYMLINK,
            Self::BlockDevice(_) => kind::BLOCK_DEVICE,
            Self::CharDevice(_) => kind::CHAR_DEVICE,
            Self::Fifo => kind::FIFO,
            Self::Socket => kind::SOCKET,
        }
    }
}

impl Inode {
    /// The bytes of the inode, without the lists that follow those of directories and files.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let is_long = self.is_long();
        let mut bytes = Vec::with_capacity(64);
        let kind = self.body.kind() + if is_long { LONG } else { 0 };
        for number in [kind, self.mode, self.user, self.group] {
            bytes.extend(number.to_le_bytes());
        }
        put(&mut bytes, &[self.mtime, self.number]);
        match &self.body {
            Body::Directory(listing) if is_long => self.put_long_directory(listing, &mut bytes),
            Body::Directory(listing) => {
                put(&mut bytes, &[listing.block, self.links]);
                bytes.extend((listing.size as u16).to_le_bytes());
                bytes.extend(listing.offset.to_le_bytes());
                put(&mut bytes, &[listing.parent]);
            }
            Body::File(extent) if is_long => {
                for number in [extent.start, extent.size, extent.hole_bytes] {
                    bytes.extend(number.to_le_bytes());
                }
                put(&mut bytes, &[self.links, extent.fragment, extent.offset, self.xattrs]);
            }
            Body::File(extent) => {
                let (start, size) = (extent.start as u32, extent.size as u32);
                put(&mut bytes, &[start, extent.fragment, extent.offset, size]);
            }
            Body::Symlink(target) => {
                put(&mut bytes, &[self.links, target.len() as u32]);
                bytes.extend_from_slice(target);
            }
            Body::BlockDevice(number) | Body::CharDevice(number) => {
                put(&mut bytes, &[self.links, *number]);
            }
            Body::Fifo | Body::Socket => put(&mut bytes, &[self.links]),
        }
        if is_long && !matches!(self.body, Body::Directory(_) | Body::File(_)) {
            put(&mut bytes, &[self.xattrs]);
        }
        bytes
    }

    fn put_long_directory(&self, listing: &Listing, bytes: &mut Vec<u8>) {
        put(bytes, &[self.links, listing.size, listing.block, listing.parent]);
        bytes.extend(listing.index_count.to_le_bytes());
        bytes.extend(listing.offset.to_le_bytes());
        put(bytes, &[self.xattrs]);
    }

    fn is_long(&self) -> bool {
        let is_too_long_for_short = match &self.body {
            Body::Directory(listing) => {
                listing.size > u32::from(u16::MAX) || listing.index_count > 0
            }
            Body::File(extent) => {
                let is_wide = extent.start.max(extent.size) > u64::from(u32::MAX);
                is_wide || extent.hole_bytes > 0 || self.links > 1
            }
            _ => false,
        };
        self.xattrs != NO_XATTRS || is_too_long_for_short
    }
}

impl Extent {
    pub(crate) fn has_fragment(&self) -> bool {
        self.fragment != NO_FRAGMENT
    }

    /// How many blocks there are, without the end that is in a fragment.
    pub(crate) fn block_count(&self, block_size: u32) -> u64 {
        let whole = self.size / u64::from(block_size);
        let has_end = !self.size.is_multiple_of(u64::from(block_size));
        whole + u64::from(has_end && !self.has_fragment())
    }
}

fn put(bytes: &mut Vec<u8>, numbers: &[u32]) {
    numbers.iter().for_each(|number| bytes.extend(number.to_le_bytes()));
}
