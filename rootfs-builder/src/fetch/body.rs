//! Reading what a server sends, with an eye on the clock and on the whole fetch being over.

use std::io::{self, Read};
use std::time::Instant;

use ureq::Body;

use super::cancel::Cancel;
use super::http::sort_error;
use super::{FetchError, FetchOptions};

const BUFFER_BYTES: usize = 64 * 1024;

/// Hands the bytes of `body` to `take` as they come.
pub(super) fn read_body(
    body: Body,
    url: &str,
    options: &FetchOptions,
    cancel: &Cancel,
    mut take: impl FnMut(&[u8]) -> Result<(), FetchError>,
) -> Result<(), FetchError> {
    let mut reader = body.into_reader();
    let mut buffer = vec![0; BUFFER_BYTES];
    let mut pace = Pace { since: Instant::now(), bytes: 0 };
    loop {
        let count = match reader.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(_) if cancel.is_set() => return Err(FetchError::Cancelled),
            Err(error) => return Err(sort_error(error.into(), url, options.stall_timeout)),
        };
        if cancel.is_set() {
            return Err(FetchError::Cancelled);
        }
        take(&buffer[..count])?;
        pace.check(count, url, options)?;
    }
}

/// How much came since when.
struct Pace {
    since: Instant,
    bytes: u64,
}

impl Pace {
    fn check(&mut self, count: usize, url: &str, options: &FetchOptions) -> Result<(), FetchError> {
        self.bytes += count as u64;
        let over = self.since.elapsed();
        if over < options.slowest_over {
            return Ok(());
        }
        if self.bytes < options.slowest_bytes {
            return Err(FetchError::TooSlow { url: url.to_string(), bytes: self.bytes, over });
        }
        *self = Self { since: Instant::now(), bytes: 0 };
        Ok(())
    }
}
