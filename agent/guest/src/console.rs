//! Lines for whoever looks at the console or the kernel's log.

use core::ffi::CStr;

use rustix::fs::{self, Mode, OFlags};
use rustix::io::{self, Errno};

/// Says a line on the console and in the kernel's log.
pub(crate) fn say(text: &str) {
    let line = alloc::format!("osb-agent: {text}\n");
    append(c"/dev/kmsg", &line);
    append(c"/dev/console", &line);
}

/// Says a line in the kernel's log alone, where its time is kept.
pub(crate) fn log(text: &str) {
    append(c"/dev/kmsg", &alloc::format!("{text}\n"));
}

/// Says what failed; nothing else follows from a failure here.
pub(crate) fn complain(what: &str, result: Result<(), Errno>) {
    if let Err(errno) = result {
        say(&alloc::format!("{what}: {errno}"));
    }
}

/// There is nobody else to tell if this fails.
fn append(path: &CStr, line: &str) {
    let flags = OFlags::WRONLY | OFlags::NOCTTY | OFlags::NONBLOCK | OFlags::CLOEXEC;
    if let Ok(file) = fs::open(path, flags, Mode::empty()) {
        let _ = io::write(&file, line.as_bytes());
    }
}
