//! Directories that are still to be read, by several threads that find more of them meanwhile.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;

use crate::error::Error;
use crate::path::GuestPath;

/// More threads do not read faster.
const THREADS_MAX: usize = 4;

/// Has several threads, each with a walker of its own, visit the root and every directory that a
/// visit finds; returns what each has in the end.
pub(super) fn visit_all<W, R: Send>(
    walker: impl Fn() -> W + Sync,
    visit: impl Fn(&mut W, GuestPath) -> Result<Vec<GuestPath>, Error> + Sync,
    end: impl Fn(W) -> R + Sync,
) -> Result<Vec<R>, Error> {
    let pending = Pending::new(GuestPath::root());
    let walk = || {
        let mut walker = walker();
        while let Some(path) = pending.take() {
            match visit(&mut walker, path) {
                Ok(found) => pending.done(found),
                Err(error) => {
                    pending.give_up();
                    return Err(error);
                }
            }
        }
        Ok(end(walker))
    };
    let threads = thread::available_parallelism().map_or(1, usize::from).min(THREADS_MAX);
    thread::scope(|scope| {
        let walks: Vec<_> = (0..threads).map(|_| scope.spawn(walk)).collect();
        let join = |walk: thread::ScopedJoinHandle<'_, _>| {
            walk.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        walks.into_iter().map(join).collect()
    })
}

/// What is still to be read.
#[derive(Debug)]
struct Pending {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    paths: Vec<GuestPath>,
    /// How many threads may still find more.
    busy: usize,
    /// Whether nothing that is found matters any more.
    is_over: bool,
}

impl Pending {
    fn new(first: GuestPath) -> Self {
        let state = Mutex::new(State { paths: vec![first], busy: 0, is_over: false });
        Self { state, changed: Condvar::new() }
    }

    /// The next directory, which has to be `done` before another is taken; none if all are read.
    fn take(&self) -> Option<GuestPath> {
        let mut state = self.state();
        loop {
            if let Some(path) = state.paths.pop() {
                state.busy += 1;
                return Some(path);
            }
            if state.busy == 0 {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Says that a directory is read, and which others were found in it.
    fn done(&self, found: Vec<GuestPath>) {
        let mut state = self.state();
        if !state.is_over {
            state.paths.extend(found);
        }
        state.busy -= 1;
        self.changed.notify_all();
    }

    /// Says that a directory cannot be read, so that no other matters.
    fn give_up(&self) {
        let mut state = self.state();
        state.paths.clear();
        state.is_over = true;
        state.busy -= 1;
        self.changed.notify_all();
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn every_directory_is_taken_once_by_whoever_is_free() {
        let pending = Pending::new(GuestPath::root());
        let taken = AtomicUsize::new(0);
        let work = || {
            while let Some(path) = pending.take() {
                taken.fetch_add(1, Ordering::Relaxed);
                let is_deep = path.as_bytes().len() > 8;
                let below = [b"a", b"b"].map(|name| path.join(name).unwrap());
                pending.done(if is_deep { Vec::new() } else { below.to_vec() });
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..3 {
                scope.spawn(work);
            }
        });
        // One root, and two in each of those whose path is short: 1 + 2 + 4 + 8 + 16 + 32.
        assert_eq!(taken.into_inner(), 63);
    }

    #[test]
    fn giving_up_ends_the_others() {
        let pending = Pending::new(GuestPath::root());
        let path = pending.take().unwrap();
        pending.done([b"a", b"b", b"c"].map(|name| path.join(name).unwrap()).into());
        assert!(pending.take().is_some());
        let slower = pending.take().unwrap();
        pending.give_up();
        pending.done(vec![slower.join(b"d").unwrap()]);
        assert_eq!(pending.take(), None);
    }
}
