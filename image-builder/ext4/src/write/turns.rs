//! Who writes which chunk, and before which one all are written.

use std::collections::BTreeSet;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Gives out numbers in order, and knows which of them are done.
#[derive(Debug, Default)]
pub(super) struct Turns(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    next: usize,
    taken: BTreeSet<usize>,
    is_over: bool,
}

impl Turns {
    /// The next number below `end`.
    pub(super) fn take(&self, end: usize) -> Option<usize> {
        let mut state = self.state();
        let number = state.next;
        if number >= end || state.is_over {
            return None;
        }
        state.next += 1;
        state.taken.insert(number);
        Some(number)
    }

    /// Says that a number is done, and returns the lowest one that is not.
    pub(super) fn done(&self, number: usize) -> usize {
        let mut state = self.state();
        state.taken.remove(&number);
        state.taken.first().copied().unwrap_or(state.next)
    }

    /// Gives out no more.
    pub(super) fn stop(&self) {
        self.state().is_over = true;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lowest_number_that_is_not_done_is_known() {
        let turns = Turns::default();
        assert_eq!([turns.take(3), turns.take(3)], [Some(0), Some(1)]);
        assert_eq!(turns.done(1), 0);
        assert_eq!(turns.done(0), 2);
        assert_eq!(turns.take(3), Some(2));
        assert_eq!(turns.take(3), None);
        assert_eq!(turns.done(2), 3);
    }

    #[test]
    fn nothing_is_given_out_after_a_stop() {
        let turns = Turns::default();
        turns.stop();
        assert_eq!(turns.take(3), None);
    }
}
