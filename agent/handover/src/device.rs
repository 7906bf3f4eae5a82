//! Finds block devices, which may appear late.

mod partition;

use alloc::borrow::ToOwned;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use rustix::fs::{Dir, FileType, Mode, OFlags, open, stat};
use rustix::io::Errno;
use rustix::thread::{Timespec, nanosleep};
use rustix::time::{ClockId, clock_gettime};

use crate::failure::Failure;

const BLOCK_DEVICES: &str = "/sys/class/block";
/// What the identifier of a partition stands behind.
const PARTITION: &str = "PARTUUID=";
const POLL_NANOSECONDS: i64 = 10_000_000;
/// A longer list of devices helps nobody.
const NAMED_MAX: usize = 16;

/// A block device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Device {
    /// Its path below `/dev`.
    pub(crate) path: String,
    /// Its two numbers, as device-mapper takes them.
    pub(crate) numbers: String,
}

/// Whether a word names a block device; if not, a file system is to make sense of it.
pub(crate) fn is_device(word: &str) -> bool {
    word.starts_with("/dev/") || word.starts_with(PARTITION) || numbers(word).is_some()
}

/// Waits until a device is there. `purpose` says what for: "root device".
pub(crate) fn wait(purpose: &'static str, word: &str, seconds: u32) -> Result<Device, Failure> {
    let end = now().saturating_add(i64::from(seconds));
    loop {
        if let Some(device) = find(word) {
            return Ok(device);
        }
        if now() >= end {
            let others = others();
            return Err(Failure::NoDevice { purpose, device: word.to_owned(), seconds, others });
        }
        let pause = Timespec { tv_sec: 0, tv_nsec: POLL_NANOSECONDS };
        // An interrupted pause is only shorter.
        let _ = nanosleep(&pause);
    }
}

fn now() -> i64 {
    clock_gettime(ClockId::Monotonic).tv_sec
}

fn find(word: &str) -> Option<Device> {
    if let Some(wanted) = word.strip_prefix(PARTITION) {
        let identifier = |name: &String| partition::identifier(name);
        let is_wanted = |found: String| found.eq_ignore_ascii_case(wanted);
        return names()
            .ok()?
            .into_iter()
            .find(|name| identifier(name).is_some_and(is_wanted))
            .and_then(at);
    }
    if let Some((major, minor)) = numbers(word) {
        let is_wanted = |device: &Device| device.numbers == format!("{major}:{minor}");
        return names().ok()?.into_iter().filter_map(at).find(is_wanted);
    }
    at(word.strip_prefix("/dev/")?.to_owned())
}

/// The block device of a name below `/dev`.
fn at(name: String) -> Option<Device> {
    let path = format!("/dev/{name}");
    let found = stat(path.as_str()).ok()?;
    if FileType::from_raw_mode(found.st_mode) != FileType::BlockDevice {
        return None;
    }
    let (major, minor) = (rustix::fs::major(found.st_rdev), rustix::fs::minor(found.st_rdev));
    Some(Device { path, numbers: format!("{major}:{minor}") })
}

/// Reads `254:1`.
fn numbers(word: &str) -> Option<(u32, u32)> {
    let (major, minor) = word.split_once(':')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}

/// What block devices there are, in words.
fn others() -> String {
    match names() {
        Ok(names) if names.is_empty() => {
            "there is no block device at all: a driver is missing, or the disk".to_owned()
        }
        Ok(names) => {
            let more = if names.len() > NAMED_MAX { ", ..." } else { "" };
            format!("there are: {}{more}", names[..names.len().min(NAMED_MAX)].join(", "))
        }
        Err(_) => format!("{BLOCK_DEVICES} cannot be read"),
    }
}

/// The names of all block devices, sorted.
fn names() -> Result<Vec<String>, Errno> {
    let flags = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let directory = match open(BLOCK_DEVICES, flags, Mode::empty()) {
        Ok(directory) => directory,
        // The class appears with its first device.
        Err(Errno::NOENT) => return Ok(Vec::new()),
        Err(error) => return Err(error),
    };
    let mut names = Vec::new();
    for entry in Dir::new(directory)? {
        let name = String::from_utf8_lossy(entry?.file_name().to_bytes()).into_owned();
        if !name.starts_with('.') {
            names.push(name);
        }
    }
    names.sort_unstable();
    Ok(names)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_told_from_names() {
        for word in ["/dev/vda1", "254:1", "259:131072", "PARTUUID=01020304-01"] {
            assert!(is_device(word), "{word}");
        }
        for word in ["share", "none", "a:b", "1:2:3", "-1:2", ""] {
            assert!(!is_device(word), "{word}");
        }
    }
}
