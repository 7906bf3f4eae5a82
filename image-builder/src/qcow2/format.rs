//! The numbers of QEMU's format.

pub(super) const MAGIC: &[u8; 4] = b"QFI\xfb";
/// The header of version 2, with which that of version 3 begins.
pub(super) const HEADER_BYTES_2: u32 = 72;
pub(super) const HEADER_BYTES_3: u32 = 104;
/// The cluster behind this address is used once, so it may be written in place.
pub(super) const COPIED: u64 = 1 << 63;
/// What the address leads to is compressed.
pub(super) const COMPRESSED: u64 = 1 << 62;
/// The cluster reads as zeros, whatever is behind the address; not in version 2.
pub(super) const ZERO: u64 = 1;
/// The bits of an entry that are an address.
pub(super) const ADDRESS: u64 = 0x00ff_ffff_ffff_fe00;
/// The sizes that clusters may have, as powers of two.
pub(super) const CLUSTER_BITS: std::ops::RangeInclusive<u32> = 9..=21;

/// Whether some bytes begin like an image in this format.
pub fn is_qcow2(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC)
}
