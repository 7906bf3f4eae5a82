//! lz4 in the format that came before its frames: blocks with their sizes, and no end but zeros.

use std::io::{self, BufRead};

use super::{Counted, Fault, Sink};

/// What begins the data, and may come again between blocks.
pub(crate) const MAGIC: u32 = 0x184c_2102;

/// What a block decompresses to at most.
const BLOCK_BYTES_MAX: usize = 8 << 20;

pub(super) fn copy(input: &mut Counted<'_>, sink: &mut Sink<'_>) -> Result<(), Fault> {
    let mut plain = vec![0; BLOCK_BYTES_MAX];
    loop {
        if input.fill_buf().map_err(Fault::Input)?.is_empty() {
            return Ok(());
        }
        let mut size = [0; 4];
        input.take(&mut size)?;
        let size = match u32::from_le_bytes(size) {
            MAGIC => continue,
            0 => return Ok(()),
            size => size as usize,
        };
        if size > lzzzz::lz4::max_compressed_size(BLOCK_BYTES_MAX) {
            let error = "a block is larger than 8 MiB";
            return Err(Fault::Damaged(io::Error::new(io::ErrorKind::InvalidData, error)));
        }
        let mut block = vec![0; size];
        input.take(&mut block)?;
        let length = lzzzz::lz4::decompress(&block, &mut plain)
            .map_err(|error| Fault::Damaged(io::Error::new(io::ErrorKind::InvalidData, error)))?;
        sink.write(&plain[..length])?;
    }
}
