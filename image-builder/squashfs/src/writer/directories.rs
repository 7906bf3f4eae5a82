//! The listing of a directory, and the index that spares the kernel reading all of a large one.

use crate::error::Error;
use crate::format::{ENTRIES_MAX, ENTRY_BYTES, ENTRY_HEADER_BYTES, METADATA_BYTES, Place};

/// One name with what an entry says of its inode.
pub(crate) struct Named<'a> {
    pub name: &'a [u8],
    pub place: Place,
    pub number: u32,
    pub kind: u16,
}

/// The listing of a directory.
#[derive(Default)]
pub(crate) struct Listing<'a> {
    pub bytes: Vec<u8>,
    /// Places in the listing from where reading may begin, with the name that comes there.
    pub index: Vec<(u32, &'a [u8])>,
    header: Option<Header>,
    /// Where the listing could be entered last.
    last_index_at: usize,
}

/// What entries have in common.
struct Header {
    at: usize,
    count: usize,
    block: u64,
    number: u32,
}

impl<'a> Listing<'a> {
    pub(crate) fn new(entries: impl Iterator<Item = Named<'a>>) -> Result<Self, Error> {
        let mut listing = Self::default();
        for entry in entries {
            listing.add(&entry)?;
        }
        listing.end_header();
        Ok(listing)
    }

    fn add(&mut self, entry: &Named<'a>) -> Result<(), Error> {
        let end = self.bytes.len() + ENTRY_BYTES + entry.name.len();
        let is_index_due = end - self.last_index_at > METADATA_BYTES;
        let fits = |header: &Header| {
            let is_near = difference(entry.number, header.number).is_some();
            header.count < ENTRIES_MAX && header.block == entry.place.block && is_near
        };
        if is_index_due || !self.header.as_ref().is_some_and(fits) {
            self.end_header();
            if is_index_due && self.index.len() < usize::from(u16::MAX) {
                self.index.push((self.bytes.len() as u32, entry.name));
                self.last_index_at = self.bytes.len();
            }
            self.begin_header(entry)?;
        }
        let Some(header) = &mut self.header else { return Ok(()) };
        header.count += 1;
        let offset = difference(entry.number, header.number).unwrap_or_default();
        self.bytes.extend(entry.place.offset.to_le_bytes());
        self.bytes.extend(offset.to_le_bytes());
        self.bytes.extend(entry.kind.to_le_bytes());
        self.bytes.extend((entry.name.len() as u16).wrapping_sub(1).to_le_bytes());
        self.bytes.extend_from_slice(entry.name);
        Ok(())
    }

    fn begin_header(&mut self, entry: &Named) -> Result<(), Error> {
        let too_large = |_| Error::TooLarge("more than 4 GiB of inodes");
        let block = u32::try_from(entry.place.block).map_err(too_large)?;
        let at = self.bytes.len();
        self.header = Some(Header { at, count: 0, block: block.into(), number: entry.number });
        for number in [0, block, entry.number] {
            self.bytes.extend(number.to_le_bytes());
        }
        Ok(())
    }

    /// Says in the last header how many entries have it.
    fn end_header(&mut self) {
        if let Some(header) = self.header.take() {
            debug_assert!(self.bytes.len() > header.at + ENTRY_HEADER_BYTES);
            let count = (header.count as u32).wrapping_sub(1);
            self.bytes[header.at..header.at + 4].copy_from_slice(&count.to_le_bytes());
        }
    }
}

/// How far an inode's number is from that in the header, if the format can say that.
fn difference(number: u32, from: u32) -> Option<i16> {
    i16::try_from(i64::from(number) - i64::from(from)).ok()
}
