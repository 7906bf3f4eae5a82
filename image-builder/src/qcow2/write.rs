//! Writes a raw image in version 3 of the format.
//!
//! The file depends on the image's bytes alone, not on where the host's filesystem keeps holes.

use std::io;
use std::os::unix::fs::FileExt as _;

use fs_err::File;

use super::format::{COPIED, HEADER_BYTES_3, MAGIC};

const CLUSTER_BITS: u32 = 16;
const CLUSTER_BYTES: u64 = 1 << CLUSTER_BITS;
const CLUSTER: usize = 1 << CLUSTER_BITS;
/// How many addresses of 8 bytes a cluster holds.
const ADDRESSES: u64 = CLUSTER_BYTES / 8;
/// How many reference counts of 2 bytes a cluster holds.
const COUNTS: u64 = CLUSTER_BYTES / 2;
/// Reference counts have two to the fourth bits.
const COUNT_ORDER: u32 = 4;

/// Writes `raw`, of `size` bytes, to the empty file `output`.
pub fn write(raw: &File, size: u64, output: &File) -> io::Result<()> {
    let used = used_clusters(raw, size)?;
    let plan = Plan::new(size, &used);
    let output = output.file();
    output.write_all_at(&plan.header(size), 0)?;
    output.write_all_at(&plan.first_level(&used), plan.first_level_cluster * CLUSTER_BYTES)?;
    output.write_all_at(&plan.count_table(), plan.count_table_cluster * CLUSTER_BYTES)?;
    output.write_all_at(&plan.counts(), plan.counts_cluster * CLUSTER_BYTES)?;
    let mut data = plan.data_cluster;
    let mut second_level = plan.second_level_cluster;
    let mut buffer = vec![0; CLUSTER];
    for (group, used) in (0..).zip(used.chunks(ADDRESSES as usize)) {
        if !used.contains(&true) {
            continue;
        }
        let mut addresses = Vec::with_capacity(CLUSTER);
        for (number, is_used) in (group * ADDRESSES..).zip(used) {
            let mut address = 0;
            if *is_used {
                let length = read(raw, number, size, &mut buffer)?;
                buffer[length..].fill(0);
                output.write_all_at(&buffer, data * CLUSTER_BYTES)?;
                address = (data * CLUSTER_BYTES) | COPIED;
                data += 1;
            }
            addresses.extend(address.to_be_bytes());
        }
        addresses.resize(CLUSTER, 0);
        output.write_all_at(&addresses, second_level * CLUSTER_BYTES)?;
        second_level += 1;
    }
    Ok(())
}

/// Which clusters of the image are not all zero.
fn used_clusters(raw: &File, size: u64) -> io::Result<Vec<bool>> {
    use rustix::fs::{SeekFrom, seek};
    use rustix::io::Errno;
    let count = usize::try_from(size.div_ceil(CLUSTER_BYTES)).map_err(io::Error::other)?;
    let mut used = vec![false; count];
    let mut buffer = vec![0; CLUSTER];
    let mut number = 0;
    while number < count as u64 {
        // Most of an image is a hole, which need not be read.
        match seek(raw, SeekFrom::Data(number * CLUSTER_BYTES)) {
            Ok(found) => number = number.max(found / CLUSTER_BYTES),
            Err(Errno::NXIO) => break,
            Err(error) => return Err(error.into()),
        }
        let length = read(raw, number, size, &mut buffer)?;
        used[number as usize] = buffer[..length].iter().any(|byte| *byte != 0);
        number += 1;
    }
    Ok(used)
}

fn read(raw: &File, number: u64, size: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let offset = number * CLUSTER_BYTES;
    let length = (size - offset).min(CLUSTER_BYTES) as usize;
    raw.file().read_exact_at(&mut buffer[..length], offset)?;
    Ok(length)
}

/// Where everything of the file is, in clusters.
struct Plan {
    first_level_cluster: u64,
    first_level_entries: u64,
    second_level_cluster: u64,
    count_table_cluster: u64,
    count_table_clusters: u64,
    counts_cluster: u64,
    count_clusters: u64,
    data_cluster: u64,
    total: u64,
}

impl Plan {
    fn new(size: u64, used: &[bool]) -> Self {
        let first_level_entries = size.div_ceil(CLUSTER_BYTES).div_ceil(ADDRESSES).max(1);
        let groups = used.chunks(ADDRESSES as usize).filter(|group| group.contains(&true)).count();
        let data = used.iter().filter(|is_used| **is_used).count() as u64;
        let first_level_cluster = 1;
        let second_level_cluster = first_level_cluster + first_level_entries.div_ceil(ADDRESSES);
        let count_table_cluster = second_level_cluster + groups as u64;
        let others = count_table_cluster + data;
        // The counts count themselves, too; each round adds less than the one before.
        let (mut count_clusters, mut count_table_clusters) = (0, 0);
        loop {
            let total = others + count_clusters + count_table_clusters;
            let counts: u64 = total.div_ceil(COUNTS);
            let table: u64 = counts.div_ceil(ADDRESSES);
            if (counts, table) == (count_clusters, count_table_clusters) {
                break;
            }
            (count_clusters, count_table_clusters) = (counts, table);
        }
        let counts_cluster = count_table_cluster + count_table_clusters;
        let data_cluster = counts_cluster + count_clusters;
        Self {
            first_level_cluster,
            first_level_entries,
            second_level_cluster,
            count_table_cluster,
            count_table_clusters,
            counts_cluster,
            count_clusters,
            data_cluster,
            total: data_cluster + data,
        }
    }

    fn header(&self, size: u64) -> Vec<u8> {
        let mut header = MAGIC.to_vec();
        header.extend(3_u32.to_be_bytes());
        // No backing file.
        header.extend([0; 12]);
        header.extend(CLUSTER_BITS.to_be_bytes());
        header.extend(size.to_be_bytes());
        // No encryption.
        header.extend(0_u32.to_be_bytes());
        header.extend((self.first_level_entries as u32).to_be_bytes());
        header.extend((self.first_level_cluster * CLUSTER_BYTES).to_be_bytes());
        header.extend((self.count_table_cluster * CLUSTER_BYTES).to_be_bytes());
        header.extend((self.count_table_clusters as u32).to_be_bytes());
        // No snapshots, no features.
        header.extend([0; 12 + 24]);
        header.extend(COUNT_ORDER.to_be_bytes());
        header.extend(HEADER_BYTES_3.to_be_bytes());
        header
    }

    fn first_level(&self, used: &[bool]) -> Vec<u8> {
        let mut cluster = self.second_level_cluster;
        let mut table = Vec::new();
        for group in used.chunks(ADDRESSES as usize) {
            let mut address = 0;
            if group.contains(&true) {
                address = (cluster * CLUSTER_BYTES) | COPIED;
                cluster += 1;
            }
            table.extend(address.to_be_bytes());
        }
        whole_clusters(table)
    }

    fn count_table(&self) -> Vec<u8> {
        let clusters = self.counts_cluster..self.counts_cluster + self.count_clusters;
        whole_clusters(
            clusters.flat_map(|cluster| (cluster * CLUSTER_BYTES).to_be_bytes()).collect(),
        )
    }

    fn counts(&self) -> Vec<u8> {
        whole_clusters((0..self.total).flat_map(|_| 1_u16.to_be_bytes()).collect())
    }
}

fn whole_clusters(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.resize(bytes.len().next_multiple_of(CLUSTER), 0);
    bytes
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::process::Command;

    use super::*;

    fn check(size: u64, data: &[(u64, usize)]) {
        if !test_support::needs(&[("qemu-img", "qemu-utils")]) {
            return;
        }
        let directory = tempfile::tempdir().unwrap();
        let (raw, packed) = (directory.path().join("raw"), directory.path().join("qcow2"));
        std::fs::File::create(&raw).unwrap().set_len(size).unwrap();
        let file = std::fs::File::options().read(true).write(true).open(&raw).unwrap();
        for (offset, length) in data {
            file.write_all_at(&test_support::noise(*length as u32, *length), *offset).unwrap();
        }
        // Zeros that are no hole must not matter.
        file.write_all_at(&[0; 4096], size / 2 / 4096 * 4096 + CLUSTER_BYTES).unwrap_or(());
        file.set_len(size).unwrap();
        write(&File::from_parts(file, &raw), size, &File::create(&packed).unwrap()).unwrap();
        let run = |arguments: &[&str]| {
            let mut command = Command::new("qemu-img");
            let output = command.args(arguments).output().unwrap();
            let said = [output.stdout, output.stderr].concat();
            assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
        };
        let (raw, packed_name) = (raw.to_str().unwrap(), packed.to_str().unwrap());
        run(&["check", "-f", "qcow2", packed_name]);
        run(&["compare", "-f", "raw", "-F", "qcow2", raw, packed_name]);
        let most = data.iter().map(|(_, length)| *length as u64 / CLUSTER_BYTES + 2).sum::<u64>();
        assert!(packed.metadata().unwrap().len() <= (most + 40) * CLUSTER_BYTES);
    }

    #[test]
    fn qemu_reads_the_same_bytes_and_finds_nothing_wrong() {
        check(1 << 20, &[]);
        check((10 << 20) + 512, &[(0, 512), (4 << 20, 300_000), ((10 << 20) + 100, 412)]);
        check(3 << 40, &[(0, 70_000), (1 << 40, 4096), ((3 << 40) - 4096, 4096)]);
    }
}
