//! The superblock.

use super::{
    ALGORITHM_LZ4, COMPAT_CHECKSUM, MAX_WINDOW_BITS, SUPERBLOCK_BYTES, SUPERBLOCK_OFFSET, checksum,
    put, u16_at, u32_at, u64_at,
};

const MAGIC: u32 = 0xe0f5_e1e2;

/// What the superblock says.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Superblock {
    pub compat: u32,
    pub incompat: u32,
    pub block_bits: u8,
    /// Size of the extension in units of 16 bytes.
    pub extension_slots: u8,
    pub root: u16,
    pub inodes: u64,
    pub time: i64,
    pub nanoseconds: u32,
    pub blocks: u32,
    /// Block that inode numbers count from.
    pub metadata_block: u32,
    /// Block that numbers of shared attributes count from.
    pub attributes_block: u32,
    pub uuid: [u8; 16],
    pub label: [u8; 16],
    /// One bit for each algorithm; a distance without records of algorithms.
    pub algorithms: u16,
    pub extra_devices: u16,
    pub directory_bits: u8,
}

impl Superblock {
    /// Puts the superblock in its place in the first block.
    pub(crate) fn encode(&self, block: &mut [u8]) {
        let bytes = &mut block[SUPERBLOCK_OFFSET..SUPERBLOCK_OFFSET + SUPERBLOCK_BYTES];
        put(bytes, 0, &MAGIC.to_le_bytes());
        put(bytes, 8, &self.compat.to_le_bytes());
        bytes[12] = self.block_bits;
        bytes[13] = self.extension_slots;
        put(bytes, 14, &self.root.to_le_bytes());
        put(bytes, 16, &self.inodes.to_le_bytes());
        put(bytes, 24, &self.time.to_le_bytes());
        put(bytes, 32, &self.nanoseconds.to_le_bytes());
        put(bytes, 36, &self.blocks.to_le_bytes());
        put(bytes, 40, &self.metadata_block.to_le_bytes());
        put(bytes, 44, &self.attributes_block.to_le_bytes());
        put(bytes, 48, &self.uuid);
        put(bytes, 64, &self.label);
        put(bytes, 80, &self.incompat.to_le_bytes());
        put(bytes, 84, &self.algorithms.to_le_bytes());
        put(bytes, 86, &self.extra_devices.to_le_bytes());
        bytes[90] = self.directory_bits;
    }

    /// Puts the checksum into a first block that is otherwise complete.
    pub(crate) fn seal(block: &mut [u8]) {
        put(block, SUPERBLOCK_OFFSET + 4, &[0; 4]);
        let sum = checksum::crc32c(&block[SUPERBLOCK_OFFSET..]);
        put(block, SUPERBLOCK_OFFSET + 4, &sum.to_le_bytes());
    }

    /// Reads the superblock; none if there is none.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        if bytes.len() < SUPERBLOCK_BYTES || u32_at(bytes, 0) != MAGIC {
            return None;
        }
        let array = |at: usize| {
            let mut found = [0; 16];
            found.copy_from_slice(&bytes[at..at + 16]);
            found
        };
        Some(Self {
            compat: u32_at(bytes, 8),
            block_bits: bytes[12],
            extension_slots: bytes[13],
            root: u16_at(bytes, 14),
            inodes: u64_at(bytes, 16),
            time: u64_at(bytes, 24).cast_signed(),
            nanoseconds: u32_at(bytes, 32),
            blocks: u32_at(bytes, 36),
            metadata_block: u32_at(bytes, 40),
            attributes_block: u32_at(bytes, 44),
            uuid: array(48),
            label: array(64),
            incompat: u32_at(bytes, 80),
            algorithms: u16_at(bytes, 84),
            extra_devices: u16_at(bytes, 86),
            directory_bits: bytes[90],
        })
    }

    /// Whether the checksum in the first block is right, if there is one.
    pub(crate) fn is_sound(&self, block: &[u8]) -> bool {
        if self.compat & COMPAT_CHECKSUM == 0 {
            return true;
        }
        let mut copy = block.to_vec();
        Self::seal(&mut copy);
        copy == block
    }

    /// The records of algorithms that follow the superblock.
    pub(crate) fn algorithm_record(algorithm: u8, cluster_blocks: u16) -> Vec<u8> {
        let body = if algorithm == ALGORITHM_LZ4 {
            // No distance means the usual one, 64 KiB.
            let mut body = vec![0; 14];
            put(&mut body, 2, &cluster_blocks.to_le_bytes());
            body
        } else {
            // The format, then the window as a power of two above 2^10.
            vec![0, (MAX_WINDOW_BITS - 10) as u8, 0, 0, 0, 0]
        };
        [&(body.len() as u16).to_le_bytes()[..], &body].concat()
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn what_is_encoded_is_decoded_and_a_changed_block_is_noticed() {
        let superblock = Superblock {
            compat: COMPAT_CHECKSUM,
            incompat: 7,
            block_bits: 12,
            root: 36,
            inodes: 5,
            time: -1,
            nanoseconds: 2,
            blocks: 9,
            metadata_block: 1,
            attributes_block: 3,
            uuid: [7; 16],
            label: [8; 16],
            algorithms: 9,
            ..Superblock::default()
        };
        let mut block = vec![0; 4096];
        superblock.encode(&mut block);
        Superblock::seal(&mut block);
        assert_eq!(Superblock::decode(&block[SUPERBLOCK_OFFSET..]).unwrap(), superblock);
        assert!(superblock.is_sound(&block));
        block[4000] ^= 1;
        assert!(!superblock.is_sound(&block));
        assert_eq!(Superblock::decode(&block), None);
    }
}
