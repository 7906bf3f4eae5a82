//! Which program this is, so that nothing another one made is taken for its own.

use std::io;
use std::os::unix::fs::MetadataExt as _;

use rootfs_builder::digest::Digest;

/// Tells this program from its other versions on this machine, without reading it.
pub fn identity() -> io::Result<Digest> {
    let file = fs_err::metadata("/proc/self/exe")?;
    let parts = [file.dev(), file.ino(), file.len()].map(|number| number.to_string());
    let (seconds, nanoseconds) = (file.mtime(), file.mtime_nsec());
    Ok(Digest::of(format!("{} {seconds}.{nanoseconds}", parts.join(" "))))
}
