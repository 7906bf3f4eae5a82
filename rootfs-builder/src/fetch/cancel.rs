//! Tells all threads of one fetch that it is over.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// A flag that can be waited for.
#[derive(Debug, Default)]
pub(super) struct Cancel {
    is_set: Mutex<bool>,
    changed: Condvar,
}

impl Cancel {
    pub(super) fn set(&self) {
        *self.lock() = true;
        self.changed.notify_all();
    }

    pub(super) fn is_set(&self) -> bool {
        *self.lock()
    }

    /// Waits for `duration`, or less if the flag is set before.
    pub(super) fn wait(&self, duration: Duration) {
        let guard = self.lock();
        // A poisoned flag means that another thread panicked, which ends the fetch anyway.
        let _ = self.changed.wait_timeout_while(guard, duration, |is_set| !*is_set);
    }

    fn lock(&self) -> MutexGuard<'_, bool> {
        self.is_set.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
