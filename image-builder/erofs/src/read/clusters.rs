//! Contents that are decompressed when they are read.

use std::io;
use std::path::Path;
use std::sync::Arc;

use tree::{Content, Source};

use super::decompress::{Algorithm, decompress};
use super::device::Device;
use super::index;
use super::inode::Inode;
use super::metadata::Metadata;
use crate::error::Fault;
use crate::format::{MAX_CLUSTER_BYTES, MAX_CLUSTER_CONTENT_BYTES};

/// A compressed file.
#[derive(Debug)]
struct Clusters {
    device: Arc<Device>,
    length: u64,
    /// In the order of the file; the first begins at its beginning.
    extents: Vec<Extent>,
}

/// A part of a file that is compressed as one, up to the next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Extent {
    /// Where in the file it begins.
    pub at: u64,
    /// Where in the image it lies.
    pub position: u64,
    /// How many bytes it takes there.
    pub stored: u64,
    pub algorithm: Algorithm,
}

/// Finds the content of a compressed file.
pub(super) fn find(metadata: &mut Metadata, inode: &Inode) -> Result<Content, Fault> {
    let length = inode.record.size;
    let mut extents = index::read(metadata, inode)?;
    // mkfs.erofs marks the end of a file like one more beginning.
    extents.pop_if(|last| last.at == length);
    if extents.first().is_none_or(|first| first.at != 0) {
        return Err(Fault::Damaged("a compressed file does not begin at its beginning"));
    }
    let device = metadata.device.clone();
    for (number, extent) in extents.iter().enumerate() {
        let end = extents.get(number + 1).map_or(length, |next| next.at);
        let content = end.checked_sub(extent.at).filter(|content| *content > 0);
        let content = content.ok_or(Fault::Damaged("a cluster is empty"))?;
        let most = match extent.algorithm {
            Algorithm::Plain => extent.stored,
            Algorithm::Lz4 | Algorithm::Lz4Unpadded | Algorithm::Zstd => MAX_CLUSTER_CONTENT_BYTES,
        };
        if content > most || extent.stored > u64::from(MAX_CLUSTER_BYTES) {
            return Err(Fault::Damaged("a cluster is larger than the format allows"));
        }
        device.check(extent.position, extent.stored)?;
    }
    Ok(Content::Made(Arc::new(Clusters { device, length, extents })))
}

impl Clusters {
    /// The content of one extent, `length` bytes.
    fn extent(&self, extent: Extent, length: u64) -> io::Result<Arc<[u8]>> {
        let bytes = self.device.cluster(extent.position, || {
            let mut stored = vec![0; extent.stored as usize];
            self.device.read(extent.position, &mut stored)?;
            decompress(extent.algorithm, &stored, length as usize)
        })?;
        // A damaged image may use a cluster twice, with other lengths.
        if bytes.len() as u64 != length {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok(bytes)
    }
}

impl Source for Clusters {
    fn length(&self) -> u64 {
        self.length
    }

    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<()> {
        let mut filled = 0;
        let mut number = self.extents.partition_point(|extent| extent.at <= offset);
        while filled < buffer.len() {
            let extent = number.checked_sub(1).and_then(|number| self.extents.get(number));
            let extent = extent.copied().ok_or(io::ErrorKind::UnexpectedEof)?;
            let end = self.extents.get(number).map_or(self.length, |next| next.at);
            let bytes = self.extent(extent, end - extent.at)?;
            let within = (offset + filled as u64).saturating_sub(extent.at) as usize;
            let part = bytes.get(within..).unwrap_or_default();
            let count = part.len().min(buffer.len() - filled);
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            buffer[filled..filled + count].copy_from_slice(&part[..count]);
            filled += count;
            number += 1;
        }
        Ok(())
    }

    fn is_stored_below(&self, directory: &Path) -> bool {
        self.device.path.starts_with(directory)
    }
}
