//! Access control lists: the kernel's calls and the disk have two forms of them.

use crate::bytes::{get16, get32};

const CALL_VERSION: u32 = 2;
const CALL_ENTRY_SIZE: usize = 8;
const DISK_ENTRY_SIZE: usize = 12;

/// The form on disk of a list as system calls have it.
pub(crate) fn to_disk(value: &[u8]) -> Option<Vec<u8>> {
    let (version, entries) = value.split_first_chunk::<4>()?;
    let (entries, rest) = entries.as_chunks::<CALL_ENTRY_SIZE>();
    if u32::from_le_bytes(*version) != CALL_VERSION || !rest.is_empty() {
        return None;
    }
    let mut disk = u32::try_from(entries.len()).ok()?.to_be_bytes().to_vec();
    for [tag0, tag1, rights0, rights1, id @ ..] in entries {
        let tag = u16::from_le_bytes([*tag0, *tag1]);
        disk.extend(u32::from(tag).to_be_bytes());
        disk.extend(u32::from_le_bytes(*id).to_be_bytes());
        disk.extend([*rights1, *rights0, 0, 0]);
    }
    Some(disk)
}

/// The form that system calls have of a list on disk.
pub(crate) fn from_disk(value: &[u8]) -> Option<Vec<u8>> {
    let (count, entries) = value.split_first_chunk::<4>()?;
    let (entries, rest) = entries.as_chunks::<DISK_ENTRY_SIZE>();
    if u32::from_be_bytes(*count) as usize != entries.len() || !rest.is_empty() {
        return None;
    }
    let mut call = CALL_VERSION.to_le_bytes().to_vec();
    for entry in entries {
        let tag = u16::try_from(get32(entry, 0)).ok()?;
        call.extend(tag.to_le_bytes());
        call.extend(get16(entry, 8).to_le_bytes());
        call.extend(get32(entry, 4).to_le_bytes());
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
        assert_eq!(disk.len(), 4 + 7 * DISK_ENTRY_SIZE);
        assert_eq!(from_disk(&disk).unwrap(), call.as_ref());
    }

    #[test]
    fn what_is_no_list_is_refused() {
        let call = test_support::acl();
        assert_eq!(to_disk(&call[..call.len() - 1]), None);
        assert_eq!(to_disk(b"abc"), None);
        assert_eq!(from_disk(&to_disk(&call).unwrap()[..6]), None);
    }
}
