//! Passes the signals sent to this process on to a child.

use std::sync::atomic::{AtomicI32, Ordering};

const FORWARDED: [libc::c_int; 4] = [libc::SIGINT, libc::SIGTERM, libc::SIGHUP, libc::SIGQUIT];

/// The child that gets the signals; 0 for none.
static CHILD: AtomicI32 = AtomicI32::new(0);

/// Runs `work` while `child` gets the signals that ask a process to end.
pub(crate) fn until<T>(child: u32, work: impl FnOnce() -> T) -> T {
    CHILD.store(child.cast_signed(), Ordering::SeqCst);
    let handler: extern "C" fn(libc::c_int) = pass_on;
    let before = FORWARDED.map(|signal| {
        // SAFETY: the handler only reads an atomic and sends a signal.
        unsafe { libc::signal(signal, handler as libc::sighandler_t) }
    });
    let result = work();
    CHILD.store(0, Ordering::SeqCst);
    for (signal, action) in FORWARDED.into_iter().zip(before) {
        // SAFETY: puts back what was there.
        unsafe { libc::signal(signal, action) };
    }
    result
}

extern "C" fn pass_on(signal: libc::c_int) {
    let child = CHILD.load(Ordering::SeqCst);
    if child > 0 {
        // SAFETY: takes numbers, and may be called in a handler.
        unsafe { libc::kill(child, signal) };
    }
}
