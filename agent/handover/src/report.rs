//! What the guest tells the outside before its init runs: milestones and a failure.

use alloc::format;

use rustix::fd::{BorrowedFd, OwnedFd};
use rustix::fs::{Mode, OFlags, open};
use rustix::io::write;
use rustix::stdio::raw_stderr;

use crate::failure::Failure;

/// Levels of the kernel's log. A milestone is shown unless the kernel was told to be quiet.
const NOTICE: u8 = 5;
/// A failure is said on the console itself, so its copy in the log need not be shown again.
const DEBUG: u8 = 7;

/// The log and the console, once there are devices.
#[derive(Default)]
pub(crate) struct Report {
    log: Option<OwnedFd>,
    console: Option<OwnedFd>,
}

impl Report {
    /// Opens both below the place of the devices. A guest without one of them boots all the same.
    pub(crate) fn open(&mut self, devices: &str) {
        let open = |name: &str| {
            let flags = OFlags::WRONLY | OFlags::CLOEXEC | OFlags::NOCTTY;
            open(format!("{devices}/{name}"), flags, Mode::empty()).ok()
        };
        self.log = open("kmsg");
        self.console = open("console");
    }

    /// Says how far the boot has come; the log adds the guest's clock.
    pub(crate) fn milestone(&self, text: &str) {
        self.log(NOTICE, text);
    }

    /// Says why the guest goes off.
    pub(crate) fn failure(&self, failure: &Failure) {
        let line = format!("osb: {failure}\n");
        match &self.console {
            Some(console) => {
                let _ = write(console, line.as_bytes());
            }
            None => stderr(line.as_bytes()),
        }
        self.log(DEBUG, &format!("{failure}"));
    }

    fn log(&self, level: u8, text: &str) {
        if let Some(log) = &self.log {
            // A log that takes nothing is no reason not to boot.
            let _ = write(log, format!("<{level}>osb: {text}\n").as_bytes());
        }
    }
}

/// The kernel may have opened the console for its first process.
#[allow(unsafe_code)]
fn stderr(line: &[u8]) {
    // SAFETY: at worst the descriptor is closed, and then nothing is written.
    let _ = write(unsafe { BorrowedFd::borrow_raw(raw_stderr()) }, line);
}
