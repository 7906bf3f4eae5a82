//! What happens when the program finds a mistake in itself.

use core::fmt::{self, Write};
use core::panic::PanicInfo;

use rustix::fd::{AsFd, BorrowedFd};
use rustix::fs::{Mode, OFlags, open};
use rustix::process::getpid;
use rustix::stdio::stderr;
use rustix::system::{RebootCommand, reboot};

use crate::start::exit;

const STATUS: i32 = 101;

#[panic_handler]
fn panic(info: &PanicInfo<'_>) -> ! {
    // SAFETY: at worst the standard error is closed, and then nothing is written.
    say(unsafe { stderr() }, info);
    if getpid().is_init() {
        if let Ok(log) = open("/dev/kmsg", OFlags::WRONLY | OFlags::CLOEXEC, Mode::empty()) {
            say(log.as_fd(), info);
        }
        // A guest without its first process is dead: rather off than hanging.
        let _ = reboot(RebootCommand::PowerOff);
    }
    exit(STATUS)
}

fn say(output: BorrowedFd<'_>, info: &PanicInfo<'_>) {
    let mut line = Line { bytes: [0; 512], length: 0 };
    // What does not fit into the line is not said.
    let _ = writeln!(line, "osb-agent: {info}");
    let _ = rustix::io::write(output, &line.bytes[..line.length]);
}

/// One line, so that the kernel's log takes it as one message; the heap may be what is broken.
struct Line {
    bytes: [u8; 512],
    length: usize,
}

impl Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        let room = &mut self.bytes[self.length..];
        let count = room.len().min(text.len());
        room[..count].copy_from_slice(&text.as_bytes()[..count]);
        self.length += count;
        Ok(())
    }
}

/// The compiled `alloc` names it, though nothing here unwinds.
#[unsafe(no_mangle)]
extern "C" fn rust_eh_personality() {}

/// As above.
#[unsafe(no_mangle)]
extern "C" fn _Unwind_Resume() -> ! {
    exit(STATUS)
}
