//! A thread that waits for an answer: its memory, and its files as it names them.

use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::{AsFd, OwnedFd};

use rustix::fs::{AtFlags, Mode, OFlags, Stat};

use super::calls::Place;
use super::notifications::Notification;

/// The longest path that the kernel takes, with its end.
const PATH_LIMIT_BYTES: usize = 4096;

/// A waiting thread.
pub(super) struct Tracee<'a> {
    /// The processes as we number them, though our root is the guest's by now.
    pub(super) processes: &'a OwnedFd,
    pub(super) call: &'a Notification,
}

/// A file as a thread names it, in words that mean the same to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Location {
    pub(super) path: CString,
    pub(super) follows: bool,
}

impl Tracee<'_> {
    /// Returns the file that a call means; none where only the kernel can tell.
    pub(super) fn locate(&self, place: Place) -> Option<Location> {
        let argument = |index: Option<usize>| index.map(|index| self.call.arguments[index]);
        let flags = argument(place.flags).unwrap_or(0) as i32;
        let path = match argument(place.path) {
            Some(address) => self.read_text(address)?,
            None => CString::default(),
        };
        let directory = argument(place.directory).map_or(libc::AT_FDCWD, |fd| fd as i32);
        let may_be_empty = place.path.is_none() || flags & libc::AT_EMPTY_PATH != 0;
        if path.is_empty() && !may_be_empty {
            return None;
        }
        let path = words(self.call.thread, directory, path.to_bytes());
        let follows = place.follows && flags & libc::AT_SYMLINK_NOFOLLOW == 0;
        // A descriptor's entry is itself a link, and it is what it leads to that is meant.
        let follows = follows || place.path.is_none() || path.is_whole;
        Some(Location { path: CString::new(path.bytes).ok()?, follows })
    }

    /// Returns what the kernel says about a file.
    pub(super) fn look(&self, location: &Location) -> io::Result<Stat> {
        let flags = if location.follows { AtFlags::empty() } else { AtFlags::SYMLINK_NOFOLLOW };
        Ok(rustix::fs::statat(self.processes, location.path.as_c_str(), flags)?)
    }

    /// Opens a file without any effect on it.
    pub(super) fn open(&self, location: &Location) -> io::Result<OwnedFd> {
        open_at(self.processes, &location.path, location.follows)
    }

    /// Returns the program that the thread runs.
    pub(super) fn program(&self) -> String {
        let link = format!("{}/exe", self.call.thread);
        rustix::fs::readlinkat(self.processes, link, Vec::new())
            .map_or_else(|_| "a program".to_owned(), |path| path.to_string_lossy().into_owned())
    }

    /// Reads a text of the thread's, up to its end.
    pub(super) fn read_text(&self, address: u64) -> Option<CString> {
        const PAGE_BYTES: u64 = 4096;
        let mut text = Vec::with_capacity(256);
        while text.len() < PATH_LIMIT_BYTES {
            let from = address + text.len() as u64;
            // The next page may not exist.
            let count = (PAGE_BYTES - from % PAGE_BYTES).min(256) as usize;
            let start = text.len();
            text.resize(start + count, 0);
            self.read(from, &mut text[start..]).ok()?;
            if let Ok(end) = CStr::from_bytes_until_nul(&text[start..]) {
                text.truncate(start + end.count_bytes());
                return CString::new(text).ok();
            }
        }
        None
    }

    /// Reads the thread's memory.
    pub(super) fn read(&self, address: u64, into: &mut [u8]) -> io::Result<()> {
        let local = libc::iovec { iov_base: into.as_mut_ptr().cast(), iov_len: into.len() };
        let remote = remote(address, into.len());
        let thread = self.call.thread.cast_signed();
        // SAFETY: the local part is a slice of ours; the remote part is checked by the kernel.
        let count =
            unsafe { libc::process_vm_readv(thread, &raw const local, 1, &raw const remote, 1, 0) };
        whole(count, into.len())
    }

    /// Writes the thread's memory.
    pub(super) fn write(&self, address: u64, bytes: &[u8]) -> io::Result<()> {
        let base = bytes.as_ptr().cast_mut().cast();
        let local = libc::iovec { iov_base: base, iov_len: bytes.len() };
        let remote = remote(address, bytes.len());
        let thread = self.call.thread.cast_signed();
        // SAFETY: the local part is a slice of ours, only read here.
        let count = unsafe {
            libc::process_vm_writev(thread, &raw const local, 1, &raw const remote, 1, 0)
        };
        whole(count, bytes.len())
    }
}

/// Opens a file below a directory without any effect on it.
pub(super) fn open_at(directory: impl AsFd, path: &CStr, follows: bool) -> io::Result<OwnedFd> {
    let mut flags = OFlags::PATH | OFlags::CLOEXEC;
    if !follows {
        flags |= OFlags::NOFOLLOW;
    }
    Ok(rustix::fs::openat(directory, path, flags, Mode::empty())?)
}

fn remote(address: u64, length: usize) -> libc::iovec {
    libc::iovec { iov_base: address as *mut libc::c_void, iov_len: length }
}

fn whole(count: isize, expected: usize) -> io::Result<()> {
    match usize::try_from(count) {
        Ok(count) if count == expected => Ok(()),
        _ => Err(io::Error::from_raw_os_error(libc::EFAULT)),
    }
}

/// A path below the list of processes.
#[derive(Debug, PartialEq, Eq)]
struct Words {
    bytes: Vec<u8>,
    /// It is a process's link to an open file or a directory, and nothing below that.
    is_whole: bool,
}

/// Says in our words what a thread means by a path and a directory.
fn words(thread: u32, directory: i32, path: &[u8]) -> Words {
    let own = |entry: &[u8]| [format!("{thread}/").as_bytes(), entry].concat();
    if let Some(rest) = path.strip_prefix(b"/proc/self/") {
        // Of all names that mean something else to us, only these are in use.
        return Words { bytes: own(rest), is_whole: false };
    }
    if let Some(rest) = path.strip_prefix(b"/dev/fd/") {
        return Words { bytes: own(&[b"fd/", rest].concat()), is_whole: false };
    }
    let standard: [&[u8]; 3] = [b"/dev/stdin", b"/dev/stdout", b"/dev/stderr"];
    if let Some(number) = standard.iter().position(|&name| name == path) {
        return Words { bytes: own(format!("fd/{number}").as_bytes()), is_whole: true };
    }
    if path.starts_with(b"/") {
        return Words { bytes: own(&[b"root", path].concat()), is_whole: false };
    }
    let start = match directory {
        libc::AT_FDCWD => b"cwd".to_vec(),
        number => format!("fd/{number}").into_bytes(),
    };
    if path.is_empty() {
        return Words { bytes: own(&start), is_whole: true };
    }
    Words { bytes: own(&[&start, b"/".as_slice(), path].concat()), is_whole: false }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(directory: i32, path: &str, expected: &str, is_whole: bool) {
        let expected = Words { bytes: expected.as_bytes().to_vec(), is_whole };
        assert_eq!(words(7, directory, path.as_bytes()), expected);
    }

    #[test]
    fn a_threads_names_are_said_in_our_words() {
        check(libc::AT_FDCWD, "/etc/x", "7/root/etc/x", false);
        check(libc::AT_FDCWD, "../x", "7/cwd/../x", false);
        check(5, "x", "7/fd/5/x", false);
        check(5, "/x", "7/root/x", false);
        check(5, "", "7/fd/5", true);
        check(libc::AT_FDCWD, "/proc/self/fd/3", "7/fd/3", false);
        check(libc::AT_FDCWD, "/dev/stdout", "7/fd/1", true);
    }
}
