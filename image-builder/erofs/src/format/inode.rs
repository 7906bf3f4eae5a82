//! The inode, in its short and its long form.

use super::{put, u16_at, u32_at, u64_at};

/// How the bytes of an inode are found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Layout {
    /// In blocks that follow each other.
    Plain,
    /// Compressed, with an index of eight bytes for each block.
    Compressed,
    /// As plain, but the last bytes lie behind the inode.
    Inline,
    /// Compressed, with a smaller index.
    CompressedCompact,
    /// By a map of chunks.
    Chunked,
}

const LAYOUTS: [Layout; 5] =
    [Layout::Plain, Layout::Compressed, Layout::Inline, Layout::CompressedCompact, Layout::Chunked];

const EXTENDED: u16 = 1;

/// What an inode says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct InodeRecord {
    pub layout: Layout,
    pub attribute_count: u16,
    /// With the bits of the kind.
    pub mode: u16,
    pub links: u32,
    pub size: u64,
    /// Block address, device number or chunk format.
    pub place: u32,
    pub number: u32,
    pub uid: u32,
    pub gid: u32,
    /// Only the long form has a time of its own.
    pub mtime: Option<(i64, u32)>,
}

impl InodeRecord {
    /// Size of the short form.
    pub(crate) const COMPACT_BYTES: usize = 32;
    /// Size of the long form.
    pub(crate) const EXTENDED_BYTES: usize = 64;

    /// Puts the inode into bytes: the long form if it has a time of its own.
    pub(crate) fn encode(&self, bytes: &mut [u8]) {
        let format = (self.layout as u16) << 1;
        put(bytes, 2, &self.attribute_count.to_le_bytes());
        put(bytes, 4, &self.mode.to_le_bytes());
        put(bytes, 16, &self.place.to_le_bytes());
        put(bytes, 20, &self.number.to_le_bytes());
        let Some((seconds, nanoseconds)) = self.mtime else {
            put(bytes, 0, &format.to_le_bytes());
            put(bytes, 6, &(self.links as u16).to_le_bytes());
            put(bytes, 8, &(self.size as u32).to_le_bytes());
            put(bytes, 24, &(self.uid as u16).to_le_bytes());
            put(bytes, 26, &(self.gid as u16).to_le_bytes());
            return;
        };
        put(bytes, 0, &(format | EXTENDED).to_le_bytes());
        put(bytes, 8, &self.size.to_le_bytes());
        put(bytes, 24, &self.uid.to_le_bytes());
        put(bytes, 28, &self.gid.to_le_bytes());
        put(bytes, 32, &seconds.to_le_bytes());
        put(bytes, 40, &nanoseconds.to_le_bytes());
        put(bytes, 44, &self.links.to_le_bytes());
    }

    /// Reads an inode from 64 bytes, of which the short form takes the first half; none if its
    /// form is unknown.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let format = u16_at(bytes, 0);
        let layout = *LAYOUTS.get(usize::from(format >> 1))?;
        let is_extended = format & EXTENDED != 0;
        Some(Self {
            layout,
            attribute_count: u16_at(bytes, 2),
            mode: u16_at(bytes, 4),
            links: if is_extended { u32_at(bytes, 44) } else { u16_at(bytes, 6).into() },
            size: if is_extended { u64_at(bytes, 8) } else { u32_at(bytes, 8).into() },
            place: u32_at(bytes, 16),
            number: u32_at(bytes, 20),
            uid: if is_extended { u32_at(bytes, 24) } else { u16_at(bytes, 24).into() },
            gid: if is_extended { u32_at(bytes, 28) } else { u16_at(bytes, 26).into() },
            mtime: is_extended.then(|| (u64_at(bytes, 32).cast_signed(), u32_at(bytes, 40))),
        })
    }

    /// How many bytes the inode takes.
    pub(crate) fn bytes(&self) -> usize {
        if self.mtime.is_some() { Self::EXTENDED_BYTES } else { Self::COMPACT_BYTES }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn both_forms_are_decoded_as_they_were_encoded() {
        let compact = InodeRecord {
            layout: Layout::Inline,
            attribute_count: 3,
            mode: 0o100_644,
            links: 65_535,
            size: u64::from(u32::MAX),
            place: 77,
            number: 9,
            uid: 65_535,
            gid: 1,
            mtime: None,
        };
        let extended = InodeRecord {
            layout: Layout::Chunked,
            size: 1 << 40,
            uid: 70_000,
            links: 1 << 20,
            mtime: Some((-1, 999_999_999)),
            ..compact
        };
        for record in [compact, extended] {
            let mut bytes = vec![0; 64];
            record.encode(&mut bytes);
            assert_eq!(InodeRecord::decode(&bytes).unwrap(), record);
        }
        assert_eq!(InodeRecord::decode(&[0xff; 64]), None);
    }
}
