//! Reads an image in QEMU's format, of whoever made it, into a raw one.

use std::io;
use std::os::unix::fs::FileExt as _;

use fs_err::File;

use super::format::{
    ADDRESS, CLUSTER_BITS, COMPRESSED, HEADER_BYTES_2, HEADER_BYTES_3, ZERO, is_qcow2,
};

/// As large as QEMU lets the table of tables be.
const FIRST_LEVEL_BYTES_MAX: u64 = 32 << 20;

/// Features without which an image is misread, by their bits; those that say nothing of the bytes
/// have no name.
const FEATURES: [Option<&str>; 5] = [
    // Only the counts of references may be wrong.
    None,
    Some("an image that is marked as corrupt"),
    Some("an external data file"),
    // How clusters are compressed, if any is.
    None,
    Some("extended tables with subclusters"),
];

/// Why an image could not be read.
#[derive(Debug, thiserror::Error)]
pub enum Qcow2Error {
    /// The image is not whole, or not what it claims to be.
    #[error("damaged qcow2 image: {0}")]
    Damaged(&'static str),
    /// The image uses what is not read here.
    #[error("qcow2 image with {0}, which cannot be read")]
    Unsupported(&'static str),
    /// The image cannot be read.
    #[error("read the qcow2 image")]
    Read(#[source] io::Error),
    /// The raw image cannot be written.
    #[error("write the raw form of the qcow2 image, of {size} bytes")]
    Write {
        /// How large it is.
        size: u64,
        /// Why.
        source: io::Error,
    },
}

/// Writes what the guest sees of `packed` to the empty file `raw`, and returns its size.
///
/// Zeros become holes, so `raw` takes no more room than `packed` does.
pub fn read(packed: &File, raw: &File) -> Result<u64, Qcow2Error> {
    let header = Header::read(packed)?;
    let size = header.size;
    let unwritable = |source| Qcow2Error::Write { size, source };
    raw.set_len(size).map_err(unwritable)?;
    let mut reader = Reader { packed, header, left: header.length / header.cluster_bytes() };
    let mut cluster = vec![0; header.cluster_bytes() as usize];
    let group_bytes = header.cluster_bytes() * header.addresses();
    for (group, table) in (0..).zip(reader.first_level()?) {
        let Some(table) = reader.place(table)? else { continue };
        let addresses = reader.addresses(table, header.addresses())?;
        for (number, address) in (0..).zip(addresses) {
            let place = group * group_bytes + number * header.cluster_bytes();
            if place >= size {
                break;
            }
            let Some(address) = reader.data(address)? else { continue };
            reader.read_at(&mut cluster, address)?;
            let bytes = &cluster[..(size - place).min(header.cluster_bytes()) as usize];
            if bytes.iter().any(|byte| *byte != 0) {
                raw.file().write_all_at(bytes, place).map_err(unwritable)?;
            }
        }
    }
    Ok(size)
}

/// What the header says, checked.
#[derive(Clone, Copy)]
struct Header {
    version: u32,
    cluster_bits: u32,
    size: u64,
    first_level: u64,
    first_level_entries: u64,
    /// Of the file.
    length: u64,
}

impl Header {
    fn read(packed: &File) -> Result<Self, Qcow2Error> {
        let length = packed.metadata().map_err(Qcow2Error::Read)?.len();
        let mut bytes = [0; HEADER_BYTES_3 as usize];
        let count = length.min(u64::from(HEADER_BYTES_3)) as usize;
        packed.file().read_exact_at(&mut bytes[..count], 0).map_err(Qcow2Error::Read)?;
        if count < HEADER_BYTES_2 as usize || !is_qcow2(&bytes) {
            return Err(Qcow2Error::Damaged("it has no header"));
        }
        let header = Self {
            version: u32_at(&bytes, 4),
            cluster_bits: u32_at(&bytes, 20),
            size: u64_at(&bytes, 24),
            first_level: u64_at(&bytes, 40),
            first_level_entries: u32_at(&bytes, 36).into(),
            length,
        };
        header.check(&bytes)?;
        Ok(header)
    }

    fn check(&self, bytes: &[u8]) -> Result<(), Qcow2Error> {
        match self.version {
            2 => {}
            3 => check_features(u64_at(bytes, 72))?,
            _ => return Err(Qcow2Error::Unsupported("a version other than 2 and 3")),
        }
        if u64_at(bytes, 8) != 0 {
            return Err(Qcow2Error::Unsupported("a backing file"));
        }
        if u32_at(bytes, 32) != 0 {
            return Err(Qcow2Error::Unsupported("encryption"));
        }
        if !CLUSTER_BITS.contains(&self.cluster_bits) {
            return Err(Qcow2Error::Damaged("its clusters have a size that cannot be"));
        }
        let needed = self.size.div_ceil(self.cluster_bytes()).div_ceil(self.addresses());
        let table = self.first_level_entries * 8;
        let end = self.first_level.checked_add(table).filter(|end| *end <= self.length);
        if needed > self.first_level_entries || table > FIRST_LEVEL_BYTES_MAX || end.is_none() {
            return Err(Qcow2Error::Damaged("its table does not fit its size"));
        }
        Ok(())
    }

    fn cluster_bytes(&self) -> u64 {
        1 << self.cluster_bits
    }

    /// How many addresses a cluster holds.
    fn addresses(&self) -> u64 {
        self.cluster_bytes() / 8
    }
}

fn check_features(features: u64) -> Result<(), Qcow2Error> {
    for (bit, name) in FEATURES.iter().enumerate() {
        if let Some(name) = name.filter(|_| features >> bit & 1 == 1) {
            return Err(Qcow2Error::Unsupported(name));
        }
    }
    if features >> FEATURES.len() != 0 {
        return Err(Qcow2Error::Unsupported("a feature that is not known"));
    }
    Ok(())
}

struct Reader<'a> {
    packed: &'a File,
    header: Header,
    /// How many more clusters there can be, if none is used twice: what bounds the work.
    left: u64,
}

impl Reader<'_> {
    fn first_level(&self) -> Result<Vec<u64>, Qcow2Error> {
        let group = self.header.cluster_bytes() * self.header.addresses();
        self.addresses(self.header.first_level, self.header.size.div_ceil(group))
    }

    fn addresses(&self, offset: u64, count: u64) -> Result<Vec<u64>, Qcow2Error> {
        let mut bytes = vec![0; count as usize * 8];
        self.read_at(&mut bytes, offset)?;
        let (addresses, _) = bytes.as_chunks::<8>();
        Ok(addresses.iter().map(|address| u64::from_be_bytes(*address)).collect())
    }

    /// Where a cluster of data is; none for one of zeros.
    fn data(&mut self, entry: u64) -> Result<Option<u64>, Qcow2Error> {
        if entry & COMPRESSED != 0 {
            return Err(Qcow2Error::Unsupported("compressed clusters"));
        }
        if self.header.version > 2 && entry & ZERO != 0 {
            return Ok(None);
        }
        self.place(entry)
    }

    /// Where the cluster behind an entry is; none if the entry leads nowhere.
    fn place(&mut self, entry: u64) -> Result<Option<u64>, Qcow2Error> {
        let address = entry & ADDRESS;
        if address == 0 {
            return Ok(None);
        }
        let bytes = self.header.cluster_bytes();
        if !address.is_multiple_of(bytes) {
            return Err(Qcow2Error::Damaged("an address is not that of a cluster"));
        }
        if address.checked_add(bytes).is_none_or(|end| end > self.header.length) {
            return Err(Qcow2Error::Damaged("a cluster lies beyond the end of the file"));
        }
        let left = self.left.checked_sub(1);
        self.left = left.ok_or(Qcow2Error::Damaged("a cluster is used more than once"))?;
        Ok(Some(address))
    }

    fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<(), Qcow2Error> {
        self.packed.file().read_exact_at(buffer, offset).map_err(Qcow2Error::Read)
    }
}

fn u32_at(bytes: &[u8], offset: usize) -> u32 {
    bytes[offset..].first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes))
}

fn u64_at(bytes: &[u8], offset: usize) -> u64 {
    bytes[offset..].first_chunk().map_or(0, |bytes| u64::from_be_bytes(*bytes))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::path::Path;
    use std::process::Command;

    use super::*;

    const SIZE: u64 = (5 << 20) + 1536;

    fn raw(directory: &Path) -> std::path::PathBuf {
        let path = directory.join("raw");
        let file = std::fs::File::create(&path).unwrap();
        file.set_len(SIZE).unwrap();
        for (offset, length) in [(0, 512), (1 << 20, 300_000), (SIZE - 1000, 1000)] {
            file.write_all_at(&test_support::noise(offset as u32, length), offset).unwrap();
        }
        path
    }

    fn convert(raw: &Path, packed: &Path, options: &[&str]) {
        let mut command = Command::new("qemu-img");
        command.args(["convert", "-f", "raw", "-O", "qcow2"]).args(options);
        assert!(command.arg(raw).arg(packed).status().unwrap().success());
    }

    fn unpack(packed: &Path) -> Result<Vec<u8>, Qcow2Error> {
        let output = File::from_parts(tempfile::tempfile().unwrap(), "raw");
        let size = read(&File::open(packed).unwrap(), &output)?;
        let mut bytes = vec![0; size as usize];
        output.file().read_exact_at(&mut bytes, 0).unwrap();
        Ok(bytes)
    }

    #[test]
    fn what_qemu_writes_is_read() {
        if !test_support::needs(&[("qemu-img", "qemu-utils")]) {
            return;
        }
        let directory = tempfile::tempdir().unwrap();
        let raw = raw(directory.path());
        let packed = directory.path().join("packed");
        for options in [
            &[][..],
            &["-o", "compat=0.10"],
            &["-o", "cluster_size=512"],
            &["-o", "cluster_size=2M"],
            &["-o", "compression_type=zstd"],
        ] {
            convert(&raw, &packed, options);
            assert!(unpack(&packed).unwrap() == std::fs::read(&raw).unwrap(), "{options:?}");
        }
    }

    #[test]
    fn what_we_write_is_read() {
        let directory = tempfile::tempdir().unwrap();
        let raw = raw(directory.path());
        let packed = directory.path().join("packed");
        let output = File::create(&packed).unwrap();
        super::super::write(&File::open(&raw).unwrap(), SIZE, &output).unwrap();
        assert!(unpack(&packed).unwrap() == std::fs::read(&raw).unwrap());
    }

    #[test]
    fn what_cannot_be_read_is_named() {
        if !test_support::needs(&[("qemu-img", "qemu-utils")]) {
            return;
        }
        let directory = tempfile::tempdir().unwrap();
        let raw = raw(directory.path());
        let packed = directory.path().join("packed");
        let check = |options: &[&str], expected: &str| {
            convert(&raw, &packed, options);
            let said = unpack(&packed).unwrap_err().to_string();
            assert!(said.contains(expected), "{said}");
        };
        check(&["-c"], "compressed clusters");
        check(&["-o", "extended_l2=on"], "subclusters");
        let data = format!("data_file={}", directory.path().join("data").display());
        check(&["-o", &data], "external data file");
        let backing = format!("backing_file={},backing_fmt=raw", raw.display());
        check(&["-o", &backing], "a backing file");
    }

    #[test]
    fn damaged_images_are_errors_and_never_more_than_they_hold() {
        let directory = tempfile::tempdir().unwrap();
        let raw = raw(directory.path());
        let packed = directory.path().join("packed");
        let output = File::create(&packed).unwrap();
        super::super::write(&File::open(&raw).unwrap(), SIZE, &output).unwrap();
        let good = std::fs::read(&packed).unwrap();
        let changed = directory.path().join("changed");
        let attempt = |bytes: &[u8]| {
            std::fs::write(&changed, bytes).unwrap();
            let output = tempfile::tempfile().unwrap();
            let written = output.try_clone().unwrap();
            let result = read(&File::open(&changed).unwrap(), &File::from_parts(output, "raw"));
            let blocks = std::os::unix::fs::MetadataExt::blocks(&written.metadata().unwrap());
            assert!(blocks * 512 <= good.len() as u64 + (1 << 20));
            result
        };
        for length in [0, 3, 71, 103, 104, 70_000, 200_000, good.len() - 1] {
            assert!(attempt(&good[..length]).is_err(), "{length}");
        }
        let mut state = 7_u64;
        for _ in 0..2000 {
            let mut bytes = good.clone();
            for _ in 0..3 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                // The header, or the tables behind it.
                let span = if state >> 20 & 1 == 0 { 104 } else { 3 << 16 };
                bytes[(state >> 33) as usize % span] = (state >> 24) as u8;
            }
            let _ = attempt(&bytes);
        }
    }
}
