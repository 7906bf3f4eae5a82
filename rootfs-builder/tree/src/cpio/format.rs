//! One `newc` header: where its fields are and how its numbers are spelt.

use super::fault::Fault;

/// The size of a header, before the name.
pub(super) const HEADER_BYTES: usize = 110;
/// Headers with their names, and contents, are filled up to a multiple of this.
pub(super) const ALIGNMENT_BYTES: u64 = 4;
/// The member that ends an archive.
pub(super) const TRAILER: &[u8] = b"TRAILER!!!";
/// The longest path with its NUL byte, and the `./` that some writers put before it.
pub(super) const NAME_BYTES_MAX: u32 = 4096 + 2;
/// Longer targets cannot be made by any kernel.
pub(super) const LINK_TARGET_BYTES_MAX: usize = 4095;

pub(super) const TYPE_MASK: u32 = 0o170_000;
pub(super) const TYPE_FIFO: u32 = 0o010_000;
pub(super) const TYPE_CHAR_DEVICE: u32 = 0o020_000;
pub(super) const TYPE_DIRECTORY: u32 = 0o040_000;
pub(super) const TYPE_BLOCK_DEVICE: u32 = 0o060_000;
pub(super) const TYPE_FILE: u32 = 0o100_000;
pub(super) const TYPE_SYMLINK: u32 = 0o120_000;
pub(super) const TYPE_SOCKET: u32 = 0o140_000;

const MAGIC: &[u8; 6] = b"070701";
/// The same format, where files carry the sum of their bytes.
const MAGIC_CHECKSUM: &[u8; 6] = b"070702";
const DIGITS: usize = 8;

/// The numbers of a header, in their order.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) inode: u32,
    pub(super) mode: u32,
    pub(super) uid: u32,
    pub(super) gid: u32,
    pub(super) links: u32,
    pub(super) mtime: u32,
    pub(super) size: u32,
    pub(super) device_major: u32,
    pub(super) device_minor: u32,
    /// Of a device node: what it stands for.
    pub(super) major: u32,
    pub(super) minor: u32,
    /// With the NUL byte that ends the name.
    pub(super) name_bytes: u32,
    /// The sum of the content's bytes, where the format has one.
    pub(super) checksum: Option<u32>,
}

/// Whether some bytes begin like an archive.
pub fn is_archive(bytes: &[u8]) -> bool {
    bytes.starts_with(MAGIC) || bytes.starts_with(MAGIC_CHECKSUM)
}

impl Header {
    pub(super) fn parse(bytes: &[u8; HEADER_BYTES]) -> Result<Self, Fault> {
        if !is_archive(bytes) {
            return Err(Fault::Magic);
        }
        let mut fields = bytes[MAGIC.len()..].chunks_exact(DIGITS);
        let mut number = |name| {
            let digits = fields.next().unwrap_or_default();
            parse_hexadecimal(digits).ok_or(Fault::Number(name))
        };
        let mut header = Self {
            inode: number("inode number")?,
            mode: number("mode")?,
            uid: number("uid")?,
            gid: number("gid")?,
            links: number("number of links")?,
            mtime: number("mtime")?,
            size: number("size")?,
            device_major: number("device major")?,
            device_minor: number("device minor")?,
            major: number("major")?,
            minor: number("minor")?,
            name_bytes: number("size of the name")?,
            checksum: None,
        };
        let checksum = number("checksum")?;
        header.checksum = bytes.starts_with(MAGIC_CHECKSUM).then_some(checksum);
        Ok(header)
    }

    /// The header as it is stored; without a sum, which our archives do not have.
    pub(super) fn to_bytes(self) -> [u8; HEADER_BYTES] {
        let numbers = [
            self.inode,
            self.mode,
            self.uid,
            self.gid,
            self.links,
            self.mtime,
            self.size,
            self.device_major,
            self.device_minor,
            self.major,
            self.minor,
            self.name_bytes,
            0,
        ];
        let mut bytes = [0; HEADER_BYTES];
        bytes[..MAGIC.len()].copy_from_slice(MAGIC);
        let fields = bytes[MAGIC.len()..].chunks_exact_mut(DIGITS);
        for (field, number) in fields.zip(numbers) {
            for (position, digit) in field.iter_mut().rev().enumerate() {
                *digit = b"0123456789ABCDEF"[(number >> (4 * position) & 15) as usize];
            }
        }
        bytes
    }

    /// The type of the member, without permissions.
    pub(super) fn kind(&self) -> u32 {
        self.mode & TYPE_MASK
    }
}

fn parse_hexadecimal(digits: &[u8]) -> Option<u32> {
    digits.iter().try_fold(0u32, |value, digit| {
        let digit = char::from(*digit).to_digit(16)?;
        Some(value << 4 | digit)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn numbers_are_eight_hexadecimal_digits() {
        let header = Header { inode: 0x1234_ABCD, size: u32::MAX, ..Header::default() };
        let mut bytes = header.to_bytes();
        assert_eq!(&bytes[..14], b"0707011234ABCD");
        assert_eq!(Header::parse(&bytes).unwrap(), header);
        bytes[6..14].copy_from_slice(b"1234abcd");
        assert_eq!(Header::parse(&bytes).unwrap(), header);
        for wrong in [b"1234ABC ", b"+234ABCD", b"\x001234ABC"] {
            bytes[6..14].copy_from_slice(wrong);
            assert!(matches!(Header::parse(&bytes), Err(Fault::Number("inode number"))));
        }
    }

    #[test]
    fn other_formats_are_no_archive() {
        assert!(is_archive(b"070701") && is_archive(b"070702"));
        assert!(!is_archive(b"070707") && !is_archive(b"0707") && !is_archive(b"\xc7\x71"));
    }
}
