//! The memory that all decoders of this process may use at the same time.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// More than this is never granted to one decoder.
pub(super) const MAX_BYTES: u64 = 144 << 20;

static FREE: Mutex<u64> = Mutex::new(MAX_BYTES);
static GIVEN_BACK: Condvar = Condvar::new();

/// Some of the memory; given back when dropped.
#[derive(Debug)]
pub(super) struct Permit(u64);

/// Waits until `bytes` are free.
pub(super) fn acquire(bytes: u64) -> Permit {
    let bytes = bytes.min(MAX_BYTES);
    let mut free = lock();
    while *free < bytes {
        free = GIVEN_BACK.wait(free).unwrap_or_else(PoisonError::into_inner);
    }
    *free -= bytes;
    Permit(bytes)
}

/// Takes `bytes` if they are free now.
pub(super) fn try_acquire(bytes: u64) -> Option<Permit> {
    let mut free = lock();
    *free = free.checked_sub(bytes)?;
    Some(Permit(bytes))
}

impl Drop for Permit {
    fn drop(&mut self) {
        *lock() += self.0;
        GIVEN_BACK.notify_all();
    }
}

// The number is right even if a thread panicked between two uses of it.
fn lock() -> MutexGuard<'static, u64> {
    FREE.lock().unwrap_or_else(PoisonError::into_inner)
}
