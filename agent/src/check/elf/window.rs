//! Reads parts of a content, and not more than honest files make anyone read.

use std::io::{self, Read, Seek, SeekFrom};

use tree::{Content, ContentReader};

/// A place in a content, and how much may still be read there.
#[derive(Debug)]
pub(super) struct Window {
    reader: ContentReader,
    length: u64,
    position: u64,
    budget: u64,
}

impl Window {
    pub(super) fn open(content: &Content, budget: u64) -> io::Result<Self> {
        let reader = content.open()?;
        Ok(Self { reader, length: content.length(), position: 0, budget })
    }

    /// How much may still be read.
    pub(super) fn budget(&self) -> u64 {
        self.budget
    }

    pub(super) fn begins_with(&self, magic: &[u8]) -> io::Result<bool> {
        let mut start = vec![0; magic.len()];
        if self.length < magic.len() as u64 {
            return Ok(false);
        }
        self.reader.read_exact_at(&mut start, 0)?;
        Ok(start == magic)
    }
}

impl Read for Window {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.length.saturating_sub(self.position);
        let count = (buffer.len() as u64).min(left);
        self.budget = self.budget.checked_sub(count).ok_or(io::ErrorKind::FileTooLarge)?;
        let count = usize::try_from(count).map_err(io::Error::other)?;
        self.reader.read_exact_at(&mut buffer[..count], self.position)?;
        self.position += count as u64;
        Ok(count)
    }
}

impl Seek for Window {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let position = match to {
            SeekFrom::Start(position) => Some(position),
            SeekFrom::End(distance) => self.length.checked_add_signed(distance),
            SeekFrom::Current(distance) => self.position.checked_add_signed(distance),
        };
        self.position = position.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.position)
    }
}
