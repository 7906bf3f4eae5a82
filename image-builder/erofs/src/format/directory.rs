//! The bytes of a directory: blocks of entries in the byte order of their names.

use super::{BLOCK_BYTES, DIRENT_BYTES, put};

/// One entry of a directory.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Entry<'a> {
    pub name: &'a [u8],
    pub inode: u64,
    /// Number of the kind, as `readdir` tells it.
    pub kind: u8,
}

/// Computes how many bytes entries with names of these lengths take.
pub(crate) fn bytes_of(name_lengths: impl Iterator<Item = usize>) -> u64 {
    let (mut full, mut used) = (0, 0);
    for length in name_lengths {
        let wanted = DIRENT_BYTES + length;
        if used + wanted > BLOCK_BYTES {
            full += BLOCK_BYTES as u64;
            used = 0;
        }
        used += wanted;
    }
    full + used as u64
}

/// Makes the bytes of a directory; a block holds as many entries as fit.
pub(crate) fn encode<'a>(entries: impl Iterator<Item = Entry<'a>>) -> Vec<u8> {
    let (mut bytes, mut block, mut used) = (Vec::new(), Vec::new(), 0);
    for entry in entries {
        let wanted = DIRENT_BYTES + entry.name.len();
        if used + wanted > BLOCK_BYTES {
            append_block(&mut bytes, &block);
            bytes.resize(bytes.len().next_multiple_of(BLOCK_BYTES), 0);
            block.clear();
            used = 0;
        }
        used += wanted;
        block.push(entry);
    }
    append_block(&mut bytes, &block);
    bytes
}

/// Puts the entries of one block: first their records, then their names.
fn append_block(bytes: &mut Vec<u8>, entries: &[Entry]) {
    let start = bytes.len();
    let mut name_offset = entries.len() * DIRENT_BYTES;
    bytes.resize(start + name_offset, 0);
    for (number, entry) in entries.iter().enumerate() {
        let record = &mut bytes[start + number * DIRENT_BYTES..];
        put(record, 0, &entry.inode.to_le_bytes());
        put(record, 8, &(name_offset as u16).to_le_bytes());
        record[10] = entry.kind;
        name_offset += entry.name.len();
    }
    entries.iter().for_each(|entry| bytes.extend_from_slice(entry.name));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_computed_size_is_the_encoded_size() {
        let names: Vec<_> = (0..1000usize).map(|number| vec![b'n'; 1 + number % 255]).collect();
        for count in [0, 1, 2, 13, 14, 15, 16, 341, 1000] {
            let entries = names[..count].iter().map(|name| Entry { name, inode: 1, kind: 2 });
            let bytes = encode(entries);
            assert_eq!(bytes_of(names[..count].iter().map(Vec::len)), bytes.len() as u64);
        }
    }
}
