//! The header that lets a guest map an image as persistent memory.
//!
//! It is the kernel's `struct nd_pfn_sb`, and the same for every image: it only says that the
//! device's data begins after 2 MiB.

use crate::layout::DAX_BYTES;

/// Where the header lies.
pub const OFFSET: u64 = 4096;

const BLOCK: usize = 4096;
/// What the header begins with.
pub const MAGIC: &[u8] = b"NVDIMM_PFN_INFO";

/// Where the header has its checksum.
pub const CHECKSUM: usize = BLOCK - 8;

/// Data begins and is aligned there.
const DATA: u64 = DAX_BYTES;

/// Pages are described in ordinary memory, not on the device.
const MODE_RAM: u32 = 1;

/// The header.
pub fn header() -> [u8; BLOCK] {
    let mut block = [0; BLOCK];
    let mut put = |offset: usize, bytes: &[u8]| {
        block[offset..offset + bytes.len()].copy_from_slice(bytes);
    };
    put(0x00, MAGIC);
    put(0x36, &2_u16.to_le_bytes());
    put(0x38, &DATA.to_le_bytes());
    put(0x48, &MODE_RAM.to_le_bytes());
    put(0x54, &(DATA as u32).to_le_bytes());
    let checksum = fletcher64(&block);
    block[CHECKSUM..].copy_from_slice(&checksum.to_le_bytes());
    block
}

/// The checksum over a header that has zeros in its place.
pub fn fletcher64(bytes: &[u8]) -> u64 {
    let (mut low, mut high) = (0_u32, 0_u64);
    let (words, _) = bytes.as_chunks::<4>();
    for word in words {
        low = low.wrapping_add(u32::from_le_bytes(*word));
        high = high.wrapping_add(u64::from(low));
    }
    high << 32 | u64::from(low)
}

#[cfg(test)]
mod tests {
    use sha2::Digest as _;

    use super::header;

    #[test]
    fn the_header_is_that_of_katas_images() {
        let header = header();
        assert_eq!(header[4088..], 0x685b_032b_e394_3830_u64.to_le_bytes());
        let digest: String =
            sha2::Sha256::digest(header).iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(digest, "b502df4b37a7b6ba1f3c93416b77768a9f6df41ce2ec7fe46804180ca2191553");
    }
}
