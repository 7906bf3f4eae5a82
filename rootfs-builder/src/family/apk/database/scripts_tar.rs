//! The archive in which the guest's database keeps all scripts, byte for byte as apk writes it.

use crate::family::apk::package::ApkPackage;

const BLOCK_BYTES: usize = 512;

/// Longer names are cut, as apk cuts them.
const NAME_BYTES_MAX: usize = 99;

/// The scripts of all packages, each under a name that tells the package and the kind.
pub(super) fn archive<'a>(
    installed: impl Iterator<Item = &'a ApkPackage>,
    timestamp: i64,
) -> Vec<u8> {
    let mut archive = Vec::new();
    for package in installed {
        let time = match package.info.build_time {
            0 => u64::try_from(timestamp).unwrap_or(0),
            time => time,
        };
        for (kind, script) in &package.scripts {
            let name = format!("{}.{}.{}", package.full_name(), package.checksum, kind.name());
            archive.extend_from_slice(&header(name.as_bytes(), script.len() as u64, time));
            archive.extend_from_slice(script);
            archive.resize(archive.len().next_multiple_of(BLOCK_BYTES), 0);
        }
    }
    archive.resize(archive.len() + 2 * BLOCK_BYTES, 0);
    archive
}

fn header(name: &[u8], size: u64, time: u64) -> [u8; BLOCK_BYTES] {
    let mut header = [0; BLOCK_BYTES];
    let name = &name[..name.len().min(NAME_BYTES_MAX)];
    header[..name.len()].copy_from_slice(name);
    let mut octal = |at: usize, digits: usize, value: u64| {
        let text = format!("{value:0digits$o}");
        let kept = &text.as_bytes()[text.len() - digits..];
        header[at..at + digits].copy_from_slice(kept);
    };
    octal(100, 7, 0o755);
    octal(108, 7, 0);
    octal(116, 7, 0);
    octal(124, 12, size);
    octal(136, 12, time);
    header[148..156].fill(b' ');
    header[156] = b'0';
    header[257..264].copy_from_slice(b"ustar  ");
    header[265..269].copy_from_slice(b"root");
    header[297..301].copy_from_slice(b"root");
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..155].copy_from_slice(format!("{sum:06o}\0").as_bytes());
    header
}
