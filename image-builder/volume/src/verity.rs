//! The hash tree of dm-verity, made of what passes on its way to a volume.
//!
//! Whole blocks are hashed as they are written; blocks written in parts are read again at the end.
//! Format 1: SHA-256 with the salt first, blocks of 4096 bytes, the highest level first.

mod salted;
mod sixteen;

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::Volume;

/// The size of data and hash blocks.
pub const BLOCK_BYTES: u64 = 4096;

const BLOCK: usize = 4096;
const HASH: usize = 32;
const HASHES_PER_BLOCK: u64 = 128;

/// How many blocks the hash tree over so many data blocks has.
pub fn tree_blocks(data_blocks: u64) -> u64 {
    levels(data_blocks).iter().sum()
}

/// The blocks of each level, the lowest first; a single block needs none above it.
fn levels(data_blocks: u64) -> Vec<u64> {
    let mut levels = Vec::new();
    let mut blocks = data_blocks;
    while blocks > 1 || levels.is_empty() {
        blocks = blocks.div_ceil(HASHES_PER_BLOCK);
        levels.push(blocks);
        if blocks <= 1 {
            break;
        }
    }
    levels
}

/// A volume that hashes what is written to it.
pub struct Hashing<'a> {
    inner: &'a dyn Volume,
    salt: Vec<u8>,
    hash_of_zeros: [u8; HASH],
    seen: Mutex<Seen>,
}

#[derive(Default)]
struct Seen {
    /// The hash blocks of the lowest level of which any data block was written.
    pages: HashMap<u64, Box<[u8; BLOCK]>>,
    /// The data blocks of which only parts were written at a time.
    parts: BTreeSet<u64>,
}

impl<'a> Hashing<'a> {
    /// Hashes what goes to `inner`.
    pub fn new(inner: &'a dyn Volume, salt: &[u8]) -> Self {
        let hash_of_zeros = salted::digest(salt, &[0; BLOCK]);
        Self { inner, salt: salt.to_vec(), hash_of_zeros, seen: Mutex::default() }
    }

    /// Writes the hash tree over the first `data_blocks` blocks at `offset` of `hashes` and returns
    /// the root hash.
    ///
    /// `read` reads back what was written to the volume.
    pub fn finish(
        self,
        data_blocks: u64,
        read: &dyn Fn(&mut [u8], u64) -> io::Result<()>,
        hashes: &dyn Volume,
        offset: u64,
    ) -> io::Result<[u8; HASH]> {
        let parts = std::mem::take(&mut self.seen().parts);
        let mut block = [0; BLOCK];
        for number in parts {
            read(&mut block, number * BLOCK_BYTES)?;
            self.record(number, &[salted::digest(&self.salt, &block)]);
        }
        let levels = levels(data_blocks);
        let mut starts = vec![0; levels.len()];
        for level in (0..levels.len().saturating_sub(1)).rev() {
            starts[level] = starts[level + 1] + levels[level + 1];
        }
        let starts: Vec<u64> = starts.iter().map(|start| offset + start * BLOCK_BYTES).collect();
        let mut above = self.write_lowest(data_blocks, hashes, starts[0])?;
        for start in &starts[1..] {
            above = write_level(&self.salt, &above, hashes, *start)?;
        }
        let root = above.first_chunk::<HASH>();
        root.copied().ok_or_else(|| io::Error::from(io::ErrorKind::InvalidInput))
    }

    /// Writes the hashes of the data blocks, and returns the hashes of those blocks.
    fn write_lowest(
        &self,
        data_blocks: u64,
        hashes: &dyn Volume,
        start: u64,
    ) -> io::Result<Vec<u8>> {
        let seen = self.seen();
        let blank = self.blank_page();
        let hash_of_blank = salted::digest(&self.salt, &blank);
        let mut above = Vec::new();
        for page in 0..data_blocks.div_ceil(HASHES_PER_BLOCK) {
            let used = (data_blocks - page * HASHES_PER_BLOCK).min(HASHES_PER_BLOCK);
            let known = seen.pages.get(&page);
            let mut bytes = *known.map_or(&blank, |page| page);
            // The rest of the last block is no hash of anything.
            bytes[HASH * usize::try_from(used).unwrap_or(0)..].fill(0);
            hashes.write_at(&bytes, start + page * BLOCK_BYTES)?;
            above.extend(match known.is_none() && used == HASHES_PER_BLOCK {
                true => hash_of_blank,
                false => salted::digest(&self.salt, &bytes),
            });
        }
        Ok(above)
    }

    fn blank_page(&self) -> [u8; BLOCK] {
        let mut page = [0; BLOCK];
        page.chunks_exact_mut(HASH).for_each(|place| place.copy_from_slice(&self.hash_of_zeros));
        page
    }

    fn see(&self, bytes: &[u8], offset: u64) {
        if bytes.is_empty() {
            return;
        }
        let to_boundary = usize::try_from(offset.next_multiple_of(BLOCK_BYTES) - offset);
        let (head, rest) = bytes.split_at(to_boundary.unwrap_or(0).min(bytes.len()));
        let (blocks, tail) = rest.as_chunks::<BLOCK>();
        if !head.is_empty() {
            self.seen().parts.insert(offset / BLOCK_BYTES);
        }
        let first = (offset + head.len() as u64) / BLOCK_BYTES;
        self.record(first, &salted::digests(&self.salt, blocks));
        if !tail.is_empty() {
            self.seen().parts.insert(first + blocks.len() as u64);
        }
    }

    fn record(&self, first: u64, found: &[[u8; HASH]]) {
        let mut seen = self.seen();
        for (number, hash) in (first..).zip(found) {
            let page = seen.pages.entry(number / HASHES_PER_BLOCK);
            let page = page.or_insert_with(|| Box::new(self.blank_page()));
            let place = HASH * usize::try_from(number % HASHES_PER_BLOCK).unwrap_or(0);
            page[place..place + HASH].copy_from_slice(hash);
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        // What was recorded before a panic is whole.
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Volume for Hashing<'_> {
    fn write_at(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.inner.write_at(bytes, offset)?;
        self.see(bytes, offset);
        Ok(())
    }

    fn write_once(&self, buffer: &mut Vec<u8>, offset: u64) -> io::Result<()> {
        self.see(buffer, offset);
        self.inner.write_once(buffer, offset)
    }

    fn reserve(&self, bytes: u64, offset: u64) -> io::Result<()> {
        self.inner.reserve(bytes, offset)
    }

    fn settle(&self, offset: u64) {
        self.inner.settle(offset);
    }
}

fn write_level(salt: &[u8], below: &[u8], hashes: &dyn Volume, start: u64) -> io::Result<Vec<u8>> {
    let mut above = Vec::new();
    for (place, chunk) in (0..).map(|number| start + number * BLOCK_BYTES).zip(below.chunks(BLOCK))
    {
        let mut bytes = [0; BLOCK];
        bytes[..chunk.len()].copy_from_slice(chunk);
        hashes.write_at(&bytes, place)?;
        above.extend(salted::digest(salt, &bytes));
    }
    Ok(above)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::os::unix::fs::FileExt;
    use std::process::Command;

    use fs_err::File;

    use super::*;
    use crate::Region;

    const SALT: [u8; 32] = [0x5a; 32];

    #[test]
    fn the_tree_has_the_blocks_that_veritysetup_gives_it() {
        for (data, expected) in [(2, 1), (128, 1), (129, 3), (2048, 17), (16_385, 132)] {
            assert_eq!(tree_blocks(data), expected, "{data}");
        }
    }

    /// Writes pieces over `blocks` blocks and has the foreign tool verify the result.
    fn check(blocks: u64, pieces: &[(u64, usize)]) {
        if !test_support::needs(&[("veritysetup", "cryptsetup-bin")]) {
            return;
        }
        let directory = tempfile::tempdir().unwrap();
        let (data, tree) = (directory.path().join("data"), directory.path().join("tree"));
        let file = File::from_parts(
            std::fs::File::options().read(true).write(true).create_new(true).open(&data).unwrap(),
            &data,
        );
        file.set_len(blocks * BLOCK_BYTES).unwrap();
        let tree_file = File::create(&tree).unwrap();
        let region = Region::new(&file, 0);
        let hashing = Hashing::new(&region, &SALT);
        for (seed, (offset, length)) in pieces.iter().enumerate() {
            hashing.write_at(&test_support::noise(seed as u32, *length), *offset).unwrap();
        }
        let read = |buffer: &mut [u8], offset| file.file().read_exact_at(buffer, offset);
        let root = hashing.finish(blocks, &read, &Region::new(&tree_file, 0), 0).unwrap();
        let hexadecimal =
            |bytes: &[u8]| bytes.iter().map(|b| format!("{b:02x}")).collect::<String>();
        let output = Command::new("veritysetup")
            .args(["verify", "--no-superblock", "--salt", &hexadecimal(&SALT)])
            .args([format!("--data-blocks={blocks}")])
            .args([&data, &tree])
            .arg(hexadecimal(&root))
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        let length = tree_file.metadata().unwrap().len();
        assert_eq!(length, tree_blocks(blocks) * BLOCK_BYTES);
    }

    #[test]
    fn veritysetup_accepts_the_tree() {
        check(
            2048,
            &[(0, 100_000), (4096 * 100, 8192), (4096 * 300 + 17, 5000), (4096 * 2047, 4096)],
        );
        check(20_000, &[(5, 1), (6, 1), (4095, 2), (4096 * 19_999 + 1, 4095)]);
        check(129, &[]);
        check(2, &[(100, 5000)]);
    }
}
