//! Access control lists: the kernel's calls and the disk have two forms of them.

use crate::bytes::{get16, get32};

const CALL_VERSION: u32 = 2;
const DISK_VERSION: u32 = 1;
const CALL_ENTRY_SIZE: usize = 8;
const NO_ID: u32 = u32::MAX;
/// Only entries for a named user or group say which.
const NAMED: [u16; 2] = [0x02, 0x08];
const UNNAMED: [u16; 4] = [0x01, 0x04, 0x10, 0x20];

/// The form on disk of a list as system calls have it.
pub(crate) fn to_disk(value: &[u8]) -> Option<Vec<u8>> {
    let (version, entries) = value.split_at_checked(4)?;
    if get32(version, 0) != CALL_VERSION || entries.len() % CALL_ENTRY_SIZE != 0 {
        return None;
    }
    let mut disk = DISK_VERSION.to_le_bytes().to_vec();
    for entry in entries.chunks_exact(CALL_ENTRY_SIZE) {
        let tag = get16(entry, 0);
        if NAMED.contains(&tag) {
            disk.extend(entry);
        } else if UNNAMED.contains(&tag) {
            disk.extend(&entry[..4]);
        } else {
            return None;
        }
    }
    Some(disk)
}

/// The form that system calls have of a list on disk.
pub(crate) fn from_disk(value: &[u8]) -> Option<Vec<u8>> {
    let (version, mut entries) = value.split_at_checked(4)?;
    if get32(version, 0) != DISK_VERSION {
        return None;
    }
    let mut call = CALL_VERSION.to_le_bytes().to_vec();
    while !entries.is_empty() {
        let tag = get16(entries.get(..4)?, 0);
        let size = match tag {
            tag if NAMED.contains(&tag) => CALL_ENTRY_SIZE,
            tag if UNNAMED.contains(&tag) => 4,
            _ => return None,
        };
        let (entry, rest) = entries.split_at_checked(size)?;
        call.extend(entry);
        if size == 4 {
            call.extend(NO_ID.to_le_bytes());
        }
        entries = rest;
    }
    Some(call)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_list_survives_the_way_to_disk_and_back() {
        let call = test_support::acl();
        let disk = to_disk(&call).unwrap();
        assert_eq!(disk.len(), 4 + 4 * 4 + 3 * 8);
        assert_eq!(from_disk(&disk).unwrap(), call.as_ref());
    }

    #[test]
    fn what_is_no_list_is_refused() {
        let call = test_support::acl();
        assert_eq!(to_disk(&call[..call.len() - 1]), None);
        assert_eq!(to_disk(b"abc"), None);
        assert_eq!(from_disk(&to_disk(&call).unwrap()[..6]), None);
        assert_eq!(from_disk(&[1, 0, 0, 0, 3, 0, 0, 0]), None);
    }
}
