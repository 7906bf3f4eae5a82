//! Digests a file while it is still being written.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::mem;
use std::os::unix::fs::FileExt as _;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use anyhow::Context as _;
use image_builder::Follower;
use rootfs_builder::digest::Digest;
use rustix::fs::{SeekFrom, seek};
use rustix::io::Errno;
use sha2::{Digest as _, Sha256};

/// What a core's own cache holds.
const BUFFER_BYTES: usize = 256 << 10;

static ZEROS: [u8; BUFFER_BYTES] = [0; BUFFER_BYTES];

/// How far writers may be ahead: what the cache of all cores holds beside other things.
const LEAD_BYTES: u64 = 8 << 20;

/// Runs `write` and digests meanwhile what is final of `file`; returns its size and digest.
pub(super) fn digested<T>(
    file: &File,
    write: impl FnOnce(&dyn Follower) -> anyhow::Result<T>,
) -> anyhow::Result<(T, u64, Digest)> {
    let digesting = Digesting::new(file);
    let written = write(&digesting)?;
    let (size, digest) = digesting.finish().context("digest what was written")?;
    Ok((written, size, digest))
}

/// A digest that writers take turns at.
///
/// A thread of its own would compete with them for processors. So whoever has written something
/// digests all that is final, unless another does it just now.
struct Digesting<'a> {
    file: &'a File,
    state: Mutex<State>,
    /// Something was digested that a writer may wait for.
    digested: Condvar,
}

struct State {
    /// Nothing before this place will be written again.
    written: u64,
    /// Everything before this place is digested.
    read: u64,
    /// What was left by writers, by its place.
    left: BTreeMap<u64, Vec<u8>>,
    spare: Vec<Vec<u8>>,
    /// None while a thread works with it.
    work: Option<Work>,
    /// Why nothing more will be digested.
    failure: Option<io::Error>,
}

/// What is final from a place on.
#[derive(Debug, PartialEq, Eq)]
enum Final {
    /// These bytes, which the file holds as well.
    Bytes(Vec<u8>),
    /// What the file holds up to another place.
    UpTo(u64),
}

impl<'a> Digesting<'a> {
    fn new(file: &'a File) -> Self {
        let work = Work { hasher: Sha256::new(), buffer: Vec::new() };
        let state = State {
            written: 0,
            read: 0,
            left: BTreeMap::new(),
            spare: Vec::new(),
            work: Some(work),
            failure: None,
        };
        Self { file, state: Mutex::new(state), digested: Condvar::new() }
    }

    /// Digests the rest of the file.
    fn finish(self) -> io::Result<(u64, Digest)> {
        let mut state = self.state();
        state.written = u64::MAX;
        let mut state = self.catch_up(state);
        match (state.failure.take(), state.work.take()) {
            (None, Some(work)) => Ok((state.read, Digest::from_hasher(work.hasher))),
            (failure, _) => Err(failure.unwrap_or_else(|| io::ErrorKind::Interrupted.into())),
        }
    }

    /// Digests what is final, if nobody else does.
    fn catch_up<'s>(&'s self, mut state: MutexGuard<'s, State>) -> MutexGuard<'s, State> {
        let Some(mut work) = state.work.take() else { return state };
        while let Some(part) = state.take_final() {
            let place = state.read;
            drop(state);
            let gone = Gone(self);
            let count = work.take(self.file, place, &part);
            mem::forget(gone);
            state = self.state();
            self.digested.notify_all();
            if let Final::Bytes(bytes) = part {
                state.spare.push(bytes);
            }
            match count {
                Ok(0) if state.written == u64::MAX => break,
                Ok(0) => state.failure = Some(io::ErrorKind::UnexpectedEof.into()),
                Ok(count) => state.read += count,
                Err(error) => state.failure = Some(error),
            }
            if state.failure.is_some() {
                return state;
            }
        }
        state.work = Some(work);
        state
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // What a panic leaves behind is whole.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Follower for Digesting<'_> {
    fn leave(&self, place: u64, buffer: &mut Vec<u8>) {
        let mut state = self.state();
        // What is far ahead waits for a writer that is late, nobody knows how long.
        let near = state.read..=state.read.saturating_add(LEAD_BYTES);
        if near.contains(&place) && !buffer.is_empty() {
            // An empty one is as good; the writer makes it as long as it needs.
            let other = state.spare.pop().unwrap_or_default();
            state.left.insert(place, mem::replace(buffer, other));
        }
    }

    fn settle(&self, place: u64) {
        let mut state = self.state();
        state.written = state.written.max(place);
        state = self.catch_up(state);
        // Whoever digests now has seen what is final, and goes on to its end.
        while place > state.read.saturating_add(LEAD_BYTES) && state.failure.is_none() {
            state = self.digested.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

/// Lets writers go on when a digest breaks off: they would wait forever.
struct Gone<'a>(&'a Digesting<'a>);

impl Drop for Gone<'_> {
    fn drop(&mut self) {
        self.0.state().failure = Some(io::ErrorKind::Interrupted.into());
        self.0.digested.notify_all();
    }
}

impl State {
    /// Something that is final and not digested, from `read` on.
    fn take_final(&mut self) -> Option<Final> {
        if self.written <= self.read {
            return None;
        }
        while let Some(first) = self.left.first_entry() {
            let (start, end) = (*first.key(), first.key() + first.get().len() as u64);
            if start > self.read {
                return Some(Final::UpTo(self.written.min(start)));
            }
            let bytes = first.remove();
            if start == self.read && end <= self.written {
                return Some(Final::Bytes(bytes));
            }
            self.spare.push(bytes);
        }
        Some(Final::UpTo(self.written))
    }
}

struct Work {
    hasher: Sha256,
    buffer: Vec<u8>,
}

impl Work {
    /// Digests some of what is final from `place` on, and says how much.
    fn take(&mut self, file: &File, place: u64, part: &Final) -> io::Result<u64> {
        let bytes = match part {
            Final::Bytes(bytes) => bytes,
            Final::UpTo(end) => {
                let wanted = usize::try_from(end - place).unwrap_or(usize::MAX).min(BUFFER_BYTES);
                match hole_at(file, place)?.min(wanted) {
                    0 => {
                        self.buffer.resize(BUFFER_BYTES, 0);
                        let count = file.read_at(&mut self.buffer[..wanted], place)?;
                        &self.buffer[..count]
                    }
                    hole => &ZEROS[..hole],
                }
            }
        };
        self.hasher.update(bytes);
        Ok(bytes.len() as u64)
    }
}

/// How many bytes of a hole there are from here on. Nothing else moves the place that a file
/// remembers, nor goes by it.
fn hole_at(file: &File, position: u64) -> io::Result<usize> {
    let data = match seek(file, SeekFrom::Data(position)) {
        Ok(data) => data,
        Err(Errno::NXIO) => file.metadata()?.len(),
        // Not every file system knows its holes.
        Err(_) => position,
    };
    Ok(usize::try_from(data.saturating_sub(position)).unwrap_or(usize::MAX))
}
