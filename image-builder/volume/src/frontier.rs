//! How far a file is final while it is being written.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// How far a file is final, for one that reads it while others write it.
#[derive(Debug, Default)]
pub struct Frontier {
    state: Mutex<State>,
    moved: Condvar,
    /// How many bytes writers may be ahead; none if nobody reads.
    lead: Option<u64>,
}

#[derive(Debug, Default)]
struct State {
    written: u64,
    read: u64,
}

impl Frontier {
    /// A frontier whose writers wait when they are `lead` bytes ahead of the reader.
    ///
    /// What it reads is then still in the processor's cache, and it need not share a core.
    pub fn with_lead(lead: u64) -> Self {
        Self { lead: Some(lead), ..Self::default() }
    }

    /// Says that nothing before `position` will be written again.
    pub fn advance(&self, position: u64) {
        let mut state = self.state();
        if position > state.written {
            state.written = position;
            self.moved.notify_all();
        }
        while self.lead.is_some_and(|lead| position > state.read.saturating_add(lead)) {
            state = self.moved.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Says that nothing will be written again.
    pub fn finish(&self) {
        self.state().written = u64::MAX;
        self.moved.notify_all();
    }

    /// Says that everything before `position` was read.
    pub fn have_read(&self, position: u64) {
        self.state().read = position;
        self.moved.notify_all();
    }

    /// Waits until more than `position` bytes are final, and returns how many are.
    pub fn wait_beyond(&self, position: u64) -> u64 {
        let mut state = self.state();
        while state.written <= position {
            state = self.moved.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.written
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
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

    #[test]
    fn writers_wait_for_a_reader_that_is_too_far_behind() {
        let frontier = Frontier::with_lead(10);
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| [10, 20, 30].map(|position| frontier.advance(position)));
            assert!(frontier.wait_beyond(10) <= 20);
            assert!(!writer.is_finished());
            frontier.have_read(10);
            assert_eq!(frontier.wait_beyond(20), 30);
            assert!(!writer.is_finished());
            frontier.have_read(u64::MAX);
            writer.join().unwrap();
        });
    }
}
