//! Reads and writes the small files by which a system says how it is.

use alloc::vec::Vec;
use core::ffi::CStr;

use rustix::fs::{self, Mode, OFlags};
use rustix::io::{self, Errno};

const MAX_BYTES: usize = 1 << 20;

/// What a file holds, up to a megabyte.
pub(crate) fn read(path: &CStr) -> Result<Vec<u8>, Errno> {
    let flags = OFlags::RDONLY | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY;
    let file = fs::open(path, flags, Mode::empty())?;
    let mut content = Vec::new();
    let mut buffer = [0; 4096];
    while content.len() < MAX_BYTES {
        match io::read(&file, &mut buffer) {
            Ok(0) => break,
            Ok(count) => content.extend_from_slice(buffer.get(..count).unwrap_or_default()),
            Err(Errno::INTR) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(content)
}

/// Writes a file that is there, or a new one.
pub(crate) fn write(path: &CStr, content: &[u8]) -> Result<(), Errno> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::CLOEXEC | OFlags::NOCTTY;
    let file = fs::open(path, flags, Mode::from_raw_mode(0o644))?;
    let mut rest = content;
    while !rest.is_empty() {
        let count = io::retry_on_intr(|| io::write(&file, rest))?;
        rest = rest.get(count..).unwrap_or_default();
    }
    Ok(())
}
