//! Digests a file while it is still being written.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt as _;
use std::thread;

use image_builder::{Final, Frontier};
use rootfs_builder::digest::Digest;
use rustix::fs::{SeekFrom, seek};
use rustix::io::Errno;
use sha2::{Digest as _, Sha256};

/// What a core's own cache holds.
const BUFFER_BYTES: usize = 256 << 10;

/// What the cache of all cores holds beside other things.
const LEAD_BYTES: u64 = 8 << 20;

/// Runs `write` beside a thread that digests what is final of `file`; returns its size and digest.
pub(super) fn digested<T>(
    file: &File,
    write: impl FnOnce(&Frontier) -> anyhow::Result<T>,
) -> anyhow::Result<(T, u64, Digest)> {
    let frontier = Frontier::with_lead(LEAD_BYTES);
    let (written, digested) = thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let _gone = Gone(&frontier);
            digest(file, &frontier)
        });
        let finished = Finished(&frontier);
        let written = write(&frontier);
        drop(finished);
        let digested = reader.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        (written, digested)
    });
    let (written, (size, digest)) = (written?, digested?);
    Ok((written, size, digest))
}

/// Lets the reader go to the end, also when the writer panics: it would wait forever.
struct Finished<'a>(&'a Frontier);

impl Drop for Finished<'_> {
    fn drop(&mut self) {
        self.0.finish();
    }
}

/// Lets writers go on without the reader, also when it failed.
struct Gone<'a>(&'a Frontier);

impl Drop for Gone<'_> {
    fn drop(&mut self) {
        self.0.have_read(u64::MAX);
    }
}

fn digest(file: &File, frontier: &Frontier) -> io::Result<(u64, Digest)> {
    let mut hasher = Sha256::new();
    let mut buffers = Buffers { bytes: vec![0; BUFFER_BYTES], zeros: vec![0; BUFFER_BYTES] };
    let mut position = 0;
    loop {
        match frontier.wait_for(position) {
            Final::Bytes(bytes) => {
                hasher.update(&bytes);
                position += bytes.len() as u64;
                frontier.give_back(bytes);
                frontier.have_read(position);
            }
            Final::UpTo(end) => {
                while position < end {
                    let found = buffers.fill(file, position..end)?;
                    if found.is_empty() {
                        return Ok((position, Digest::from_hasher(hasher)));
                    }
                    hasher.update(found);
                    position += found.len() as u64;
                    frontier.have_read(position);
                }
            }
        }
    }
}

struct Buffers {
    bytes: Vec<u8>,
    zeros: Vec<u8>,
}

impl Buffers {
    /// Some of the first bytes of a part of a file; none behind its end.
    fn fill(&mut self, file: &File, part: Range<u64>) -> io::Result<&[u8]> {
        let wanted = usize::try_from(part.end - part.start).unwrap_or(usize::MAX).min(BUFFER_BYTES);
        match hole_at(file, part.start)?.min(wanted) {
            0 => {
                let count = file.read_at(&mut self.bytes[..wanted], part.start)?;
                Ok(&self.bytes[..count])
            }
            hole => Ok(&self.zeros[..hole]),
        }
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

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_behind_the_frontier_is_digested() {
        let file = tempfile::tempfile().unwrap();
        let bytes = vec![7; 3 * BUFFER_BYTES + 5];
        let (_, size, digest) = digested(&file, |frontier| {
            file.set_len(bytes.len() as u64)?;
            file.write_all_at(&bytes[..BUFFER_BYTES], 0)?;
            frontier.advance(BUFFER_BYTES as u64);
            file.write_all_at(&bytes[BUFFER_BYTES..], BUFFER_BYTES as u64)?;
            Ok(())
        })
        .unwrap();
        assert_eq!(size, bytes.len() as u64);
        assert_eq!(digest, Digest::of(&bytes));
    }

    #[test]
    fn what_was_left_is_digested_in_its_place() {
        let file = tempfile::tempfile().unwrap();
        let bytes: Vec<u8> = (0..5_000_000u32).map(|number| (number % 251) as u8).collect();
        let (_, size, digest) = digested(&file, |frontier| {
            for (number, part) in (0..).zip(bytes.chunks(1_000_000)) {
                let place = number * 1_000_000;
                file.write_all_at(part, place)?;
                if number % 2 == 1 {
                    frontier.leave(place, &mut part.to_vec());
                }
                frontier.advance(place + 500_000);
            }
            Ok(())
        })
        .unwrap();
        assert_eq!((size, digest), (bytes.len() as u64, Digest::of(&bytes)));
    }

    #[test]
    fn holes_are_digested_as_the_zeros_that_they_are() {
        let file = tempfile::tempfile().unwrap();
        let size = 5 * BUFFER_BYTES + 7;
        let mut bytes = vec![0; size];
        bytes[BUFFER_BYTES + 5000..][..3 * 4096].fill(9);
        let (_, length, digest) = digested(&file, |frontier| {
            file.set_len(size as u64)?;
            frontier.advance(BUFFER_BYTES as u64 + 5);
            let place = BUFFER_BYTES + 5000;
            Ok(file.write_all_at(&bytes[place..place + 3 * 4096], place as u64)?)
        })
        .unwrap();
        assert_eq!((length, digest), (size as u64, Digest::of(&bytes)));
    }

    #[test]
    fn a_writer_that_fails_ends_the_reader() {
        let file = tempfile::tempfile().unwrap();
        let failed = digested(&file, |_| anyhow::bail!("no room")).map(|((), ..)| ());
        assert_eq!(failed.unwrap_err().to_string(), "no room");
    }
}
