//! Digests a file while it is still being written.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;
use std::thread;

use image_builder::Frontier;
use rootfs_builder::digest::Digest;
use sha2::{Digest as _, Sha256};

const BUFFER_BYTES: usize = 1 << 20;

/// Runs `write` beside a thread that digests what is final of `file`; returns its size and digest.
pub(super) fn digested<T>(
    file: &File,
    write: impl FnOnce(&Frontier) -> anyhow::Result<T>,
) -> anyhow::Result<(T, u64, Digest)> {
    let frontier = Frontier::default();
    let (written, digested) = thread::scope(|scope| {
        let reader = scope.spawn(|| digest(file, &frontier));
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

fn digest(file: &File, frontier: &Frontier) -> io::Result<(u64, Digest)> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; BUFFER_BYTES];
    let (mut position, mut end) = (0, 0);
    loop {
        if position == end {
            end = frontier.wait_beyond(position);
        }
        let wanted = usize::try_from(end - position).unwrap_or(usize::MAX).min(BUFFER_BYTES);
        let count = file.read_at(&mut buffer[..wanted], position)?;
        if count == 0 {
            return Ok((position, Digest::from_hasher(hasher)));
        }
        hasher.update(&buffer[..count]);
        position += count as u64;
    }
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
    fn a_writer_that_fails_ends_the_reader() {
        let file = tempfile::tempfile().unwrap();
        let failed = digested(&file, |_| anyhow::bail!("no room")).map(|((), ..)| ());
        assert_eq!(failed.unwrap_err().to_string(), "no room");
    }
}
