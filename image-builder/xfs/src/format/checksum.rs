//! The checksums of metadata.

/// The CRC-32C of all bytes, as if the four at `at`, where it is kept, were zero.
pub(crate) fn of(bytes: &[u8], at: usize) -> u32 {
    let sum = crc32c::crc32c(&bytes[..at]);
    crc32c::crc32c_append(crc32c::crc32c_append(sum, &[0; 4]), &bytes[at + 4..])
}

/// Whether the checksum at `at` is that of all bytes.
pub(crate) fn is_right(bytes: &[u8], at: usize) -> bool {
    bytes[at..at + 4] == of(bytes, at).to_le_bytes()
}
