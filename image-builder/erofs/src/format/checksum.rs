//! CRC-32C as EROFS takes it: the last inversion is left out.

/// The polynomial, lowest bit first.
const POLYNOMIAL: u32 = 0x82f6_3b78;

/// Computes the checksum of some bytes.
pub(super) fn crc32c(bytes: &[u8]) -> u32 {
    bytes.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (POLYNOMIAL * (crc & 1)))
    })
}

#[cfg(test)]
mod tests {
    #[test]
    fn the_check_value_of_crc32c_is_met() {
        assert_eq!(!super::crc32c(b"123456789"), 0xe306_9283);
    }
}
