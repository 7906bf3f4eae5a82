//! The identifier of a partition, as the table of its disk has it.
//!
//! Not every kernel tells it, so the table is read again. It is hostile: every number in
//! it is checked.

use alloc::format;
use alloc::string::{String, ToString};

use rustix::fs::{Mode, OFlags, open, readlink};
use rustix::io::pread;

/// What the first sector of both kinds of table ends with.
const MARK: [u8; 2] = [0x55, 0xaa];
/// The type of the partition that spans a disk with a GPT.
const PROTECTIVE: u8 = 0xee;

/// The identifier of a partition, as it stands behind `PARTUUID=`; none for a whole disk.
pub(super) fn identifier(name: &str) -> Option<String> {
    let entry = format!("{}/{name}", super::BLOCK_DEVICES);
    let number = number_in(&format!("{entry}/partition"))?;
    let place = readlink(entry.as_str(), alloc::vec::Vec::new()).ok()?;
    // It leads to `.../block/DISK/NAME`.
    let disk = place.to_str().ok()?.rsplit('/').nth(1)?.to_string();
    let sizes = format!("{}/{disk}/queue/logical_block_size", super::BLOCK_DEVICES);
    let block_bytes = number_in(&sizes)?;
    let file =
        open(format!("/dev/{disk}"), OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty()).ok()?;
    let read = |bytes: &mut [u8], at: u64| {
        let count = pread(&file, &mut *bytes, at).ok()?;
        (count == bytes.len()).then_some(())
    };
    in_table(number, block_bytes, read)
}

/// Finds the identifier of the partition with this number.
fn in_table(
    number: u32,
    block_bytes: u32,
    read: impl Fn(&mut [u8], u64) -> Option<()>,
) -> Option<String> {
    let mut first = [0; 512];
    read(&mut first, 0)?;
    if first[510..] != MARK {
        return None;
    }
    let is_protective = |entry: usize| first[446 + 16 * entry + 4] == PROTECTIVE;
    if !(0..4).any(is_protective) {
        let signature = u32::from_le_bytes(first[440..444].try_into().ok()?);
        return Some(format!("{signature:08x}-{number:02x}"));
    }
    let mut header = [0; 92];
    read(&mut header, u64::from(block_bytes))?;
    let start = u64::from_le_bytes(header[72..80].try_into().ok()?);
    let count = u32::from_le_bytes(header[80..84].try_into().ok()?);
    let entry_bytes = u32::from_le_bytes(header[84..88].try_into().ok()?);
    if header[..8] != *b"EFI PART" || number == 0 || number > count || entry_bytes < 128 {
        return None;
    }
    let before = u64::from(number - 1) * u64::from(entry_bytes);
    let mut entry = [0; 32];
    read(&mut entry, start.checked_mul(u64::from(block_bytes))?.checked_add(before)?)?;
    Some(text(entry[16..].try_into().ok()?))
}

/// An identifier of a GPT as text: three numbers and two runs of bytes.
fn text(bytes: [u8; 16]) -> String {
    let [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p] = bytes;
    let first = u32::from_le_bytes([a, b, c, d]);
    let (second, third) = (u16::from_le_bytes([e, f]), u16::from_le_bytes([g, h]));
    let fourth = u16::from_be_bytes([i, j]);
    let last = u64::from_be_bytes([0, 0, k, l, m, n, o, p]);
    format!("{first:08x}-{second:04x}-{third:04x}-{fourth:04x}-{last:012x}")
}

fn number_in(path: &str) -> Option<u32> {
    let bytes = crate::read(path).ok()?;
    core::str::from_utf8(&bytes).ok()?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_kinds_of_table_are_read() {
        let mut disk = [0; 8192];
        disk[440..444].copy_from_slice(&[0x78, 0x56, 0x34, 0x12]);
        assert_eq!(found(&disk, 1), None);
        disk[510..512].copy_from_slice(&MARK);
        assert_eq!(found(&disk, 11).as_deref(), Some("12345678-0b"));
        disk[450] = PROTECTIVE;
        assert_eq!(found(&disk, 1), None);
        disk[512..520].copy_from_slice(b"EFI PART");
        disk[512 + 72] = 2;
        disk[512 + 80] = 128;
        disk[512 + 84] = 128;
        for (index, byte) in disk[1024 + 128 + 16..][..16].iter_mut().enumerate() {
            *byte = index as u8;
        }
        let expected = Some("03020100-0504-0706-0809-0a0b0c0d0e0f");
        assert_eq!(found(&disk, 2).as_deref(), expected);
        for number in [0, 129, u32::MAX] {
            assert_eq!(found(&disk, number), None);
        }
        disk[512 + 72..512 + 80].fill(0xff);
        assert_eq!(found(&disk, 2), None);
    }

    fn found(disk: &[u8], number: u32) -> Option<String> {
        in_table(number, 512, |bytes, at| {
            let rest = disk.get(usize::try_from(at).ok()?..)?;
            bytes.copy_from_slice(rest.get(..bytes.len())?);
            Some(())
        })
    }
}
