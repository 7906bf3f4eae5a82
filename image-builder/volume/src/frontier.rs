//! How far a file is final while it is being written.

use std::sync::{Condvar, Mutex, PoisonError};

/// How far a file is final, for one that reads it while others write it.
#[derive(Debug, Default)]
pub struct Frontier {
    position: Mutex<u64>,
    moved: Condvar,
}

impl Frontier {
    /// Says that nothing before `position` will be written again.
    pub fn advance(&self, position: u64) {
        let mut known = self.position.lock().unwrap_or_else(PoisonError::into_inner);
        if position > *known {
            *known = position;
            self.moved.notify_all();
        }
    }

    /// Says that nothing will be written again.
    pub fn finish(&self) {
        self.advance(u64::MAX);
    }

    /// Waits until more than `position` bytes are final, and returns how many are.
    pub fn wait_beyond(&self, position: u64) -> u64 {
        let mut known = self.position.lock().unwrap_or_else(PoisonError::into_inner);
        while *known <= position {
            known = self.moved.wait(known).unwrap_or_else(PoisonError::into_inner);
        }
        *known
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_reader_waits_for_what_is_final_and_never_goes_back() {
        let frontier = Frontier::default();
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| [frontier.wait_beyond(0), frontier.wait_beyond(9)]);
            frontier.advance(9);
            frontier.advance(3);
            frontier.finish();
            let [first, second] = reader.join().unwrap();
            assert!(first == 9 || first == u64::MAX);
            assert_eq!(second, u64::MAX);
        });
    }
}
