//! Extended attributes: inside the inode, or in a block, from which large values may be far.

/// The namespaces, by the flag that says them.
pub(crate) const ROOT: u8 = 2;
pub(crate) const SECURE: u8 = 4;
/// Says that an entry's value is beside its name.
pub(crate) const IS_LOCAL: u8 = 1;
/// Says that an entry is not finished.
pub(crate) const IS_INCOMPLETE: u8 = 0x80;
/// Says that an entry names the directory of a file.
pub(crate) const IS_PARENT: u8 = 8;
pub(crate) const NAMESPACES: [(u8, &[u8]); 3] =
    [(0, b"user."), (ROOT, b"trusted."), (SECURE, b"security.")];

/// The lists of rights have names of their own.
pub(crate) const LISTS: [(&[u8], &[u8]); 2] = [
    (b"system.posix_acl_access", b"SGI_ACL_FILE"),
    (b"system.posix_acl_default", b"SGI_ACL_DEFAULT"),
];

pub(crate) const NAME_BYTES_MAX: usize = 255;
pub(crate) const VALUE_BYTES_MAX: usize = 65_536;

pub(crate) const LOCAL_HEADER: usize = 4;
/// Lengths of name and value, and flags.
pub(crate) const LOCAL_ENTRY: usize = 3;
pub(crate) const LOCAL_VALUE_MAX: usize = 255;

pub(crate) const LEAF_MAGIC: u16 = 0x3bee;
pub(crate) const LEAF_HEADER: usize = 80;
pub(crate) const LEAF_ENTRY: usize = 8;
pub(crate) const VALUE_MAGIC: [u8; 4] = *b"XARM";
pub(crate) const VALUE_HEADER: usize = 56;
pub(crate) const VALUE_CHECKSUM: usize = 12;
/// Larger names with values are not kept in the leaf.
pub(crate) const NEAR_MAX: usize = 3072;

/// What name and value take in a leaf.
pub(crate) fn near_size(name: usize, value: usize) -> usize {
    (3 + name + value).next_multiple_of(4)
}

/// What a name takes whose value is far.
pub(crate) fn far_size(name: usize) -> usize {
    (9 + name).next_multiple_of(4)
}
