//! Answers about a file, in the layouts that programs expect.

use rustix::fs::Stat;

/// Returns the bytes of a plain value, as the kernel lays it out.
pub(super) fn bytes_of<T: Copy>(value: &T) -> &[u8] {
    // SAFETY: used with the kernel's structures only, which have no undefined padding: they were
    // zeroed, or filled by the kernel, as a whole.
    unsafe { std::slice::from_raw_parts(std::ptr::from_ref(value).cast(), size_of::<T>()) }
}

/// Lays out an answer as `struct stat64` of 32-bit x86, which the kernel packs.
// The fields' types differ from machine to machine.
#[allow(clippy::unnecessary_cast)]
pub(super) fn wide_i386(stat: &Stat) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(96);
    let mut words = |values: &[u64]| {
        values.iter().for_each(|&value| bytes.extend_from_slice(&(value as u32).to_le_bytes()));
    };
    let long = |value: u64| [value, value >> 32];
    words(&long(stat.st_dev));
    words(&[0, stat.st_ino]);
    words(&[u64::from(stat.st_mode), stat.st_nlink as u64]);
    words(&[u64::from(stat.st_uid), u64::from(stat.st_gid)]);
    words(&long(stat.st_rdev));
    words(&[0]);
    words(&long(stat.st_size as u64));
    words(&[stat.st_blksize as u64]);
    words(&long(stat.st_blocks as u64));
    words(&[stat.st_atime as u64, stat.st_atime_nsec as u64]);
    words(&[stat.st_mtime as u64, stat.st_mtime_nsec as u64]);
    words(&[stat.st_ctime as u64, stat.st_ctime_nsec as u64]);
    words(&long(stat.st_ino));
    bytes
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    #[test]
    fn the_packed_layout_has_owners_and_inode_where_the_kernel_puts_them() {
        let mut stat = rustix::fs::stat("/").unwrap();
        (stat.st_uid, stat.st_gid, stat.st_ino) = (0x0102_0304, 0x0506_0708, 0x1122_3344_5566_7788);
        let bytes = wide_i386(&stat);
        assert_eq!(bytes.len(), 96);
        assert_eq!(bytes[24..32], [4, 3, 2, 1, 8, 7, 6, 5]);
        assert_eq!(bytes[88..96], stat.st_ino.to_le_bytes());
    }
}
