//! The first 96 bytes, which say where everything is.

/// `hsqs`.
pub(crate) const MAGIC: u32 = 0x7371_7368;
pub(crate) const SUPERBLOCK_BYTES: usize = 96;
pub(crate) const VERSION: (u16, u16) = (4, 0);

/// Ends of files are packed together, not only files smaller than a block.
pub(crate) const FLAG_ALL_TAILS_PACKED: u16 = 0x0020;
pub(crate) const FLAG_DUPLICATES_REMOVED: u16 = 0x0040;
pub(crate) const FLAG_EXPORTABLE: u16 = 0x0080;
pub(crate) const FLAG_NO_XATTRS: u16 = 0x0200;
/// A metadata block with the compressor's options follows the superblock.
pub(crate) const FLAG_COMPRESSOR_OPTIONS: u16 = 0x0400;

/// The numbers of the algorithms.
pub(crate) mod algorithm {
    pub(crate) const GZIP: u16 = 1;
    pub(crate) const LZMA: u16 = 2;
    pub(crate) const LZO: u16 = 3;
    pub(crate) const XZ: u16 = 4;
    pub(crate) const LZ4: u16 = 5;
    pub(crate) const ZSTD: u16 = 6;
}

/// Where everything is, and how it is compressed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Superblock {
    pub inode_count: u32,
    pub time: u32,
    pub block_size: u32,
    pub fragment_count: u32,
    pub algorithm: u16,
    pub flags: u16,
    pub owner_count: u16,
    pub root: u64,
    pub bytes_used: u64,
    pub owner_table: u64,
    pub xattr_table: u64,
    pub inode_table: u64,
    pub directory_table: u64,
    pub fragment_table: u64,
    pub export_table: u64,
}

/// Why 96 bytes are no superblock.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Invalid {
    Magic,
    Version(u16, u16),
    BlockSize,
}

impl Superblock {
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(SUPERBLOCK_BYTES);
        let block_log = self.block_size.trailing_zeros() as u16;
        let shorts = |bytes: &mut Vec<u8>, numbers: &[u16]| {
            numbers.iter().for_each(|number| bytes.extend(number.to_le_bytes()));
        };
        for number in [MAGIC, self.inode_count, self.time, self.block_size, self.fragment_count] {
            bytes.extend(number.to_le_bytes());
        }
        shorts(&mut bytes, &[self.algorithm, block_log, self.flags, self.owner_count]);
        shorts(&mut bytes, &[VERSION.0, VERSION.1]);
        for number in [
            self.root,
            self.bytes_used,
            self.owner_table,
            self.xattr_table,
            self.inode_table,
            self.directory_table,
            self.fragment_table,
            self.export_table,
        ] {
            bytes.extend(number.to_le_bytes());
        }
        bytes
    }

    pub(crate) fn from_bytes(bytes: &[u8; SUPERBLOCK_BYTES]) -> Result<Self, Invalid> {
        let short = |at: usize| u16::from_le_bytes([bytes[at], bytes[at + 1]]);
        let word = |at: usize| u32::from(short(at)) | u32::from(short(at + 2)) << 16;
        let long = |at: usize| u64::from(word(at)) | u64::from(word(at + 4)) << 32;
        if word(0) != MAGIC {
            return Err(Invalid::Magic);
        }
        if (short(28), short(30)) != VERSION {
            return Err(Invalid::Version(short(28), short(30)));
        }
        let (block_size, block_log) = (word(12), u32::from(short(22)));
        let sizes = super::BLOCK_BYTES_MIN..=super::BLOCK_BYTES_MAX;
        if !sizes.contains(&block_size) || 1u32.checked_shl(block_log) != Some(block_size) {
            return Err(Invalid::BlockSize);
        }
        Ok(Self {
            inode_count: word(4),
            time: word(8),
            block_size,
            fragment_count: word(16),
            algorithm: short(20),
            flags: short(24),
            owner_count: short(26),
            root: long(32),
            bytes_used: long(40),
            owner_table: long(48),
            xattr_table: long(56),
            inode_table: long(64),
            directory_table: long(72),
            fragment_table: long(80),
            export_table: long(88),
        })
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let superblock = Superblock {
            inode_count: 1,
            time: 2,
            block_size: 1 << 17,
            fragment_count: 4,
            algorithm: 5,
            flags: 6,
            owner_count: 7,
            root: 8,
            bytes_used: 9,
            owner_table: 10,
            xattr_table: 11,
            inode_table: 12,
            directory_table: 13,
            fragment_table: 14,
            export_table: 15,
        };
        let bytes = <[u8; SUPERBLOCK_BYTES]>::try_from(superblock.to_bytes()).unwrap();
        assert_eq!(&bytes[..4], b"hsqs");
        assert_eq!(Superblock::from_bytes(&bytes), Ok(superblock));
    }

    #[test]
    fn sizes_that_contradict_each_other_are_refused() {
        let mut bytes = [0; SUPERBLOCK_BYTES];
        assert_eq!(Superblock::from_bytes(&bytes), Err(Invalid::Magic));
        bytes[..4].copy_from_slice(b"hsqs");
        assert_eq!(Superblock::from_bytes(&bytes), Err(Invalid::Version(0, 0)));
        bytes[28] = 4;
        bytes[12..16].copy_from_slice(&(1u32 << 17).to_le_bytes());
        bytes[22] = 16;
        assert_eq!(Superblock::from_bytes(&bytes), Err(Invalid::BlockSize));
    }
}
