//! Work on many threads whose results are taken in order, so that their number changes nothing.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// So many results for each thread may wait until those before them are there.
const WAITING_FOR_EACH: usize = 8;

/// What is to be done: each thread makes itself what it works with.
pub(crate) struct Work<Make, Do> {
    pub threads: NonZeroUsize,
    pub count: usize,
    pub make: Make,
    pub run: Do,
}

/// Runs all pieces of work, and hands each result to `take`, in order of the pieces.
///
/// The first error in that order ends it.
pub(crate) fn in_order<Tool, Output: Send, E: Send>(
    work: &Work<
        impl Fn() -> Result<Tool, E> + Sync,
        impl Fn(&mut Tool, usize) -> Result<Output, E> + Sync,
    >,
    mut take: impl FnMut(usize, Output) -> Result<(), E>,
) -> Result<(), E> {
    let threads = work.threads.get().min(work.count);
    let shared = Shared {
        state: Mutex::new(State { next: 0, taken: 0, is_broken: false, done: BTreeMap::new() }),
        changed: Condvar::new(),
        count: work.count,
        waiting_max: threads * WAITING_FOR_EACH,
    };
    std::thread::scope(|scope| {
        // Whatever happens below, the threads end.
        let _end = End(&shared);
        for _ in 0..threads {
            scope.spawn(|| shared.work(&work.make, &work.run));
        }
        for number in 0..work.count {
            match shared.take(number) {
                Some(output) => take(number, output?)?,
                // A thread panicked, which the scope passes on.
                None => break,
            }
        }
        Ok(())
    })
}

struct Shared<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
    count: usize,
    waiting_max: usize,
}

struct State<T> {
    /// The piece that the next idle thread begins.
    next: usize,
    /// How many results were taken.
    taken: usize,
    /// Whether a thread panicked, and its result will never come.
    is_broken: bool,
    done: BTreeMap<usize, T>,
}

impl<Output, E> Shared<Result<Output, E>> {
    fn work<Tool>(
        &self,
        make: impl Fn() -> Result<Tool, E>,
        run: impl Fn(&mut Tool, usize) -> Result<Output, E>,
    ) {
        let _leave = Leave(self);
        let mut tool = None;
        while let Some(number) = self.begin() {
            let mut attempt = || {
                if tool.is_none() {
                    tool = Some(make()?);
                }
                tool.as_mut().map(|tool| run(tool, number)).transpose()
            };
            let Some(result) = attempt().transpose() else { return };
            self.lock().done.insert(number, result);
            self.changed.notify_all();
        }
    }

    /// Waits until a piece may be begun; none when there are no more.
    fn begin(&self) -> Option<usize> {
        let mut state = self.lock();
        while state.next < self.count && state.next >= state.taken.saturating_add(self.waiting_max)
        {
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        let number = state.next;
        state.next = number.saturating_add(1);
        (number < self.count).then_some(number)
    }

    /// Waits for a result; none when it may never come.
    fn take(&self, number: usize) -> Option<Result<Output, E>> {
        let mut state = self.lock();
        loop {
            if let Some(result) = state.done.remove(&number) {
                state.taken = number + 1;
                self.changed.notify_all();
                return Some(result);
            }
            if state.is_broken {
                return None;
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct Leave<'a, T>(&'a Shared<T>);

impl<T> Drop for Leave<'_, T> {
    fn drop(&mut self) {
        self.0.lock().is_broken |= std::thread::panicking();
        self.0.changed.notify_all();
    }
}

struct End<'a, T>(&'a Shared<T>);

impl<T> Drop for End<'_, T> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.next = self.0.count;
        state.taken = self.0.count;
        self.0.changed.notify_all();
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn run(
        threads: usize,
        run: impl Fn(usize) -> Result<usize, usize> + Sync,
    ) -> (Vec<usize>, Result<(), usize>) {
        let mut taken = Vec::new();
        let threads = NonZeroUsize::new(threads).unwrap();
        let work =
            Work { threads, count: 1000, make: || Ok(()), run: |(): &mut (), number| run(number) };
        let result = in_order(&work, |number, output| {
            assert_eq!(number, taken.len());
            taken.push(output);
            Ok(())
        });
        (taken, result)
    }

    #[test]
    fn results_come_in_order_whatever_the_number_of_threads() {
        for threads in [1, 2, 7, 2000] {
            let (taken, result) = run(threads, |number| Ok(number * 2));
            assert_eq!(result, Ok(()));
            assert_eq!(taken, (0..1000).map(|number| number * 2).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_first_error_in_order_ends_it() {
        for threads in [1, 3] {
            let (taken, result) = run(threads, |n| if n % 100 == 99 { Err(n) } else { Ok(n) });
            assert_eq!((taken.len(), result), (99, Err(99)));
        }
    }

    #[test]
    #[should_panic(expected = "a scoped thread panicked")]
    fn a_panic_is_passed_on_and_hangs_nothing() {
        let _ = run(2, |number| if number == 500 { panic!("as asked") } else { Ok(number) });
    }
}
