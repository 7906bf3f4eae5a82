//! How far a file is final while it is being written.

use std::collections::BTreeMap;
use std::mem;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// How far a file is final, for one that reads it while others write it.
#[derive(Debug, Default)]
pub struct Frontier {
    state: Mutex<State>,
    /// Something was written that the reader waits for.
    written: Condvar,
    /// Something was read that a writer waits for.
    read: Condvar,
    /// How many bytes writers may be ahead; none if nobody reads.
    lead: Option<u64>,
}

#[derive(Debug, Default)]
struct State {
    written: u64,
    read: u64,
    is_reader_waiting: bool,
    /// The least that a waiting writer wants to have been read.
    wanted: Option<u64>,
    /// What was left to the reader, by its place.
    left: BTreeMap<u64, Vec<u8>>,
    spare: Vec<Vec<u8>>,
}

/// What is final from a place on.
#[derive(Debug, PartialEq, Eq)]
pub enum Final {
    /// These bytes, which the file holds as well.
    Bytes(Vec<u8>),
    /// What the file holds up to another place.
    UpTo(u64),
}

impl Frontier {
    /// A frontier whose writers wait when they are `lead` bytes ahead of the reader.
    ///
    /// What it reads is then still in the processor's cache, and it need not share a core.
    pub fn with_lead(lead: u64) -> Self {
        Self { lead: Some(lead), ..Self::default() }
    }

    /// Leaves to the reader what was written at `place` and will not be written again, in exchange
    /// for another buffer; without a reader nothing happens.
    pub fn leave(&self, place: u64, buffer: &mut Vec<u8>) {
        let mut state = self.state();
        if self.lead.is_some() && state.read <= place && !buffer.is_empty() {
            let other = state.spare.pop().unwrap_or_default();
            state.left.insert(place, mem::replace(buffer, other));
        }
    }

    /// Says that nothing before `position` will be written again.
    pub fn advance(&self, position: u64) {
        let mut state = self.state();
        if position > state.written {
            state.written = position;
            if state.is_reader_waiting {
                self.written.notify_one();
            }
        }
        let Some(lead) = self.lead else { return };
        if position <= state.read.saturating_add(lead) {
            return;
        }
        let wanted = position - lead;
        while state.read < wanted {
            state.wanted = Some(state.wanted.map_or(wanted, |other| other.min(wanted)));
            state = self.read.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Says that nothing will be written again.
    pub fn finish(&self) {
        self.state().written = u64::MAX;
        self.written.notify_one();
    }

    /// Says that everything before `position` was read.
    pub fn have_read(&self, position: u64) {
        let mut state = self.state();
        state.read = position;
        if state.wanted.take_if(|wanted| *wanted <= position).is_some() {
            self.read.notify_all();
        }
    }

    /// Waits until something is final from `place` on.
    pub fn wait_for(&self, place: u64) -> Final {
        let mut state = self.state();
        while state.written <= place {
            state.is_reader_waiting = true;
            state = self.written.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.is_reader_waiting = false;
        let written = state.written;
        while let Some(first) = state.left.first_entry() {
            let (start, end) = (*first.key(), first.key() + first.get().len() as u64);
            if start > place {
                return Final::UpTo(written.min(start));
            }
            let bytes = first.remove();
            if start == place && end <= written {
                return Final::Bytes(bytes);
            }
            state.spare.push(bytes);
        }
        Final::UpTo(written)
    }

    /// Gives back bytes that were left, so that their buffer is used again.
    pub fn give_back(&self, bytes: Vec<u8>) {
        self.state().spare.push(bytes);
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
            let reader = scope.spawn(|| [frontier.wait_for(0), frontier.wait_for(9)]);
            frontier.advance(9);
            frontier.advance(3);
            frontier.finish();
            let [first, second] = reader.join().unwrap();
            assert!(first == Final::UpTo(9) || first == Final::UpTo(u64::MAX));
            assert_eq!(second, Final::UpTo(u64::MAX));
        });
    }

    #[test]
    fn writers_wait_for_a_reader_that_is_too_far_behind() {
        let frontier = Frontier::with_lead(10);
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| [10, 20, 30].map(|position| frontier.advance(position)));
            assert!(matches!(frontier.wait_for(10), Final::UpTo(20)));
            assert!(!writer.is_finished());
            frontier.have_read(10);
            assert_eq!(frontier.wait_for(20), Final::UpTo(30));
            assert!(!writer.is_finished());
            frontier.have_read(u64::MAX);
            writer.join().unwrap();
        });
    }

    #[test]
    fn what_is_left_is_taken_once_and_only_where_it_lies_and_when_it_is_final() {
        let frontier = Frontier::with_lead(100);
        let mut buffer = vec![7; 4];
        frontier.leave(2, &mut buffer);
        assert!(buffer.is_empty());
        frontier.leave(8, &mut vec![8; 2]);
        frontier.leave(20, &mut vec![9; 10]);
        frontier.advance(25);
        assert_eq!(frontier.wait_for(0), Final::UpTo(2));
        assert_eq!(frontier.wait_for(2), Final::Bytes(vec![7; 4]));
        // Whoever reads past what was left reads all of it.
        assert_eq!(frontier.wait_for(9), Final::UpTo(20));
        // Of this, a part may be written still.
        assert_eq!(frontier.wait_for(20), Final::UpTo(25));
        frontier.finish();
        assert_eq!(frontier.wait_for(25), Final::UpTo(u64::MAX));
    }

    #[test]
    fn nothing_is_left_to_nobody_nor_behind_the_reader() {
        let (alone, followed) = (Frontier::default(), Frontier::with_lead(100));
        followed.have_read(9);
        for frontier in [alone, followed] {
            let mut buffer = vec![1];
            frontier.leave(3, &mut buffer);
            assert_eq!(buffer, [1]);
        }
    }
}
