//! Reads metadata through a small cache, and bounds how much of it there can be.

use std::collections::HashMap;
use std::sync::Arc;

use super::device::Device;
use crate::error::Fault;
use crate::format::{
    ALGORITHM_LZ4, INCOMPAT_BIG_CLUSTERS, INCOMPAT_CHUNKED, INCOMPAT_SECOND_ALGORITHM,
    INCOMPAT_ZERO_PADDING, SUPERBLOCK_BYTES, SUPERBLOCK_OFFSET, Superblock,
};

const WINDOW_BYTES: u64 = 64 << 10;
const WINDOWS: usize = 64;
/// All attributes of all inodes of an image together.
const MOST_ATTRIBUTE_BYTES: u64 = 256 << 20;
/// All paths of an image together.
const MOST_PATH_BYTES: u64 = 1 << 30;

/// The metadata of an image.
#[derive(Debug)]
pub(super) struct Metadata {
    pub device: Arc<Device>,
    pub superblock: Superblock,
    windows: HashMap<u64, Vec<u8>>,
    /// No two directories or maps share bytes, so all together have no more than the image.
    unique_left: u64,
    attributes_left: u64,
    paths_left: u64,
}

impl Metadata {
    /// Reads and checks the superblock.
    pub(super) fn load(device: Arc<Device>) -> Result<Self, Fault> {
        let mut bytes = [0; SUPERBLOCK_BYTES];
        let place = SUPERBLOCK_OFFSET as u64;
        device.read(place, &mut bytes).map_err(|_| Fault::NotErofs)?;
        let superblock = Superblock::decode(&bytes).ok_or(Fault::NotErofs)?;
        refuse_unknown(&superblock)?;
        let mut block = vec![0; 1 << superblock.block_bits];
        device.read(0, &mut block).map_err(Fault::Read)?;
        if !superblock.is_sound(&block) {
            return Err(Fault::Checksum);
        }
        let unique_left = device.length;
        Ok(Self {
            device,
            superblock,
            windows: HashMap::new(),
            unique_left,
            attributes_left: MOST_ATTRIBUTE_BYTES,
            paths_left: MOST_PATH_BYTES,
        })
    }

    /// Size of a block.
    pub(super) fn block_bytes(&self) -> u64 {
        1 << self.superblock.block_bits
    }

    /// Reads some bytes of metadata.
    pub(super) fn read(&mut self, position: u64, count: u64) -> Result<Vec<u8>, Fault> {
        self.device.check(position, count)?;
        let mut bytes = Vec::with_capacity(count as usize);
        while (bytes.len() as u64) < count {
            let at = position + bytes.len() as u64;
            let within = (at % WINDOW_BYTES) as usize;
            let left = (count - bytes.len() as u64) as usize;
            let window = self.window(at / WINDOW_BYTES)?;
            let end = window.len().min(within + left);
            bytes.extend_from_slice(&window[within..end]);
        }
        Ok(bytes)
    }

    /// Counts bytes that belong to one directory or map alone.
    pub(super) fn charge_unique(&mut self, bytes: u64) -> Result<(), Fault> {
        let fault = Fault::Damaged("directories and maps together are larger than the image");
        self.unique_left = self.unique_left.checked_sub(bytes).ok_or(fault)?;
        Ok(())
    }

    /// Counts bytes of attributes, which many inodes may share.
    pub(super) fn charge_attributes(&mut self, bytes: u64) -> Result<(), Fault> {
        let fault = Fault::Unsupported("more than 256 MiB of extended attributes");
        self.attributes_left = self.attributes_left.checked_sub(bytes).ok_or(fault)?;
        Ok(())
    }

    /// Counts bytes of paths, which grow faster than an image that nests directories.
    pub(super) fn charge_path(&mut self, bytes: u64) -> Result<(), Fault> {
        let fault = Fault::Unsupported("more than 1 GiB of paths");
        self.paths_left = self.paths_left.checked_sub(bytes).ok_or(fault)?;
        Ok(())
    }

    fn window(&mut self, number: u64) -> Result<&[u8], Fault> {
        if !self.windows.contains_key(&number) {
            if self.windows.len() >= WINDOWS {
                self.windows.clear();
            }
            let start = number * WINDOW_BYTES;
            let length = WINDOW_BYTES.min(self.device.length.saturating_sub(start));
            let mut bytes = vec![0; length as usize];
            self.device.read(start, &mut bytes).map_err(Fault::Read)?;
            self.windows.insert(number, bytes);
        }
        Ok(&self.windows[&number])
    }
}

fn refuse_unknown(superblock: &Superblock) -> Result<(), Fault> {
    let known = INCOMPAT_ZERO_PADDING
        | INCOMPAT_BIG_CLUSTERS
        | INCOMPAT_CHUNKED
        | INCOMPAT_SECOND_ALGORITHM;
    let has_algorithm_bits = superblock.incompat & INCOMPAT_BIG_CLUSTERS != 0;
    let refused = if superblock.incompat & !known != 0 {
        "a feature of the superblock"
    } else if !(12..=16).contains(&superblock.block_bits) {
        "a block size other than 4 to 64 KiB"
    } else if superblock.extra_devices != 0 {
        "an image on several devices"
    } else if superblock.directory_bits != 0 {
        "a block size of directories"
    } else if has_algorithm_bits && superblock.algorithms >> (ALGORITHM_LZ4 + 4) != 0 {
        "an unknown compression algorithm"
    } else {
        return Ok(());
    };
    Err(Fault::Unsupported(refused))
}
