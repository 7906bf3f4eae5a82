//! From where a thread names the entries of a directory.

use std::borrow::Cow;
use std::marker::PhantomData;

use rustix::fd::AsFd;
use rustix::thread::UnshareFlags;

use super::xattrs::handle_path;

/// From where a thread names the entries of one directory after another.
///
/// No call for attributes takes a directory's handle. A thread that has a working directory of its
/// own can stand in each directory; through `/proc` it takes three times as long.
#[derive(Debug)]
pub(super) struct Standpoint {
    is_own: bool,
    prefix: Vec<u8>,
    /// No other thread may have it: that thread would leave a place of its own.
    of_thread: PhantomData<*const ()>,
}

impl Standpoint {
    /// Gives this thread, which must be one of its own, a working directory of its own if the host
    /// lets it.
    pub(super) fn of_this_thread() -> Self {
        // What this call is deprecated for is sharing handles, which stay shared here.
        #[expect(deprecated)]
        let is_own = rustix::thread::unshare(UnshareFlags::FS).is_ok();
        Self { is_own, prefix: Vec::new(), of_thread: PhantomData }
    }

    /// Goes to a directory.
    pub(super) fn enter(&mut self, directory: impl AsFd) {
        self.prefix.clear();
        if !self.is_own || rustix::process::fchdir(&directory).is_err() {
            self.prefix.extend_from_slice(handle_path(&directory).as_bytes());
            self.prefix.push(b'/');
        }
    }

    /// The path of an entry of that directory: it leads nowhere else, whatever is moved meanwhile.
    pub(super) fn path<'n>(&self, name: &'n [u8]) -> Cow<'n, [u8]> {
        match self.prefix.is_empty() {
            true => name.into(),
            false => [&self.prefix, name].concat().into(),
        }
    }
}

/// A thread stands where it stood until the kernel has taken it apart, which may be after those who
/// waited for its end go on: no directory of theirs may be held by it so long.
impl Drop for Standpoint {
    fn drop(&mut self) {
        if self.is_own {
            // Should it fail, the thread's end lets go of the directory.
            let _ = rustix::process::chdir("/");
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_thread_that_stands_elsewhere_leaves_the_others_where_they_are() {
        let before = std::env::current_dir().unwrap();
        let directory = tempfile::tempdir().unwrap();
        fs_err::write(directory.path().join("entry"), "here").unwrap();
        let handle = fs_err::File::open(directory.path()).unwrap();
        let read = |mut standpoint: Standpoint| {
            standpoint.enter(&handle);
            let path = String::from_utf8(standpoint.path(b"entry").into()).unwrap();
            (fs_err::read_to_string(&path).unwrap(), path.starts_with("/proc/"))
        };
        let own = std::thread::scope(|scope| {
            scope.spawn(|| read(Standpoint::of_this_thread())).join().unwrap()
        });
        let shared = read(Standpoint { is_own: false, prefix: Vec::new(), of_thread: PhantomData });
        assert_eq!((own.0.as_str(), shared), ("here", ("here".to_owned(), true)));
        assert_eq!(std::env::current_dir().unwrap(), before);
    }

    #[test]
    fn a_thread_holds_no_directory_that_it_is_done_with() {
        let directory = tempfile::tempdir().unwrap();
        let place = || fs_err::read_link("/proc/thread-self/cwd").unwrap();
        let places = std::thread::spawn({
            let handle = fs_err::File::open(directory.path()).unwrap();
            move || {
                let mut standpoint = Standpoint::of_this_thread();
                standpoint.enter(&handle);
                let inside = (standpoint.is_own, place());
                drop(standpoint);
                (inside, place())
            }
        });
        let ((is_own, inside), after) = places.join().unwrap();
        assert_eq!(inside == directory.path(), is_own);
        assert_ne!(after, directory.path());
    }
}
