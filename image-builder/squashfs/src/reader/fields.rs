//! Numbers and bytes, one after the other.

use crate::error::Fault;

/// What is left of some bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields<'a>(pub &'a [u8]);

impl<'a> Fields<'a> {
    pub(crate) fn bytes(&mut self, length: usize) -> Result<&'a [u8], Fault> {
        let ended = Fault::Corrupt("metadata end too early");
        let (bytes, rest) = self.0.split_at_checked(length).ok_or(ended)?;
        self.0 = rest;
        Ok(bytes)
    }

    pub(crate) fn short(&mut self) -> Result<u16, Fault> {
        self.array().map(u16::from_le_bytes)
    }

    pub(crate) fn word(&mut self) -> Result<u32, Fault> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn long(&mut self) -> Result<u64, Fault> {
        self.array().map(u64::from_le_bytes)
    }

    fn array<const LENGTH: usize>(&mut self) -> Result<[u8; LENGTH], Fault> {
        let ended = Fault::Corrupt("metadata end too early");
        let (bytes, rest) = self.0.split_first_chunk().ok_or(ended)?;
        self.0 = rest;
        Ok(*bytes)
    }
}
