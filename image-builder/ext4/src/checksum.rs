//! The checksums of metadata.

/// A running CRC-32C as ext4 counts it: it begins with ones, and is not inverted at the end.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Checksum(u32);

impl Checksum {
    pub(crate) fn new() -> Self {
        Self(u32::MAX)
    }

    /// The one that a filesystem's own checksums begin with.
    pub(crate) fn of_filesystem(uuid: &[u8; 16]) -> Self {
        Self::new().with(uuid)
    }

    /// Goes on from a value that was stored.
    pub(crate) fn from_stored(value: u32) -> Self {
        Self(value)
    }

    /// The one that the checksums of an inode and of its blocks begin with.
    pub(crate) fn of_inode(self, number: u32, generation: u32) -> Self {
        self.with(&number.to_le_bytes()).with(&generation.to_le_bytes())
    }

    pub(crate) fn with(self, bytes: &[u8]) -> Self {
        Self(!crc32c::crc32c_append(!self.0, bytes))
    }

    pub(crate) fn value(self) -> u32 {
        self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_check_value_of_the_standard_comes_out_uninverted() {
        assert_eq!(!Checksum::new().with(b"1234").with(b"56789").value(), 0xe306_9283);
    }
}
