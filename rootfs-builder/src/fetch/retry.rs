//! What to do when a server fails: ask it again later, or ask the next one.

use std::time::Duration;

use super::FetchError;
use super::download::Session;
use super::error::Remedy;
use crate::progress::Event;

// A connection that brought this much may break again without counting as one more try.
const PROGRESS_BYTES: u64 = 1 << 20;

impl Session<'_> {
    /// Tries one address after the other; fails with the gravest of their failures.
    pub(super) fn try_addresses<T>(
        &self,
        name: &str,
        addresses: &[String],
        mut attempt: impl FnMut(&str) -> Result<T, FetchError>,
    ) -> Result<T, FetchError> {
        let mut gravest: Option<FetchError> = None;
        for address in addresses {
            let failure = match attempt(address) {
                Ok(done) => return Ok(done),
                Err(failure) if failure.remedy() == Remedy::GiveUp => return Err(failure),
                Err(failure) => failure,
            };
            if self.cancel.is_set() {
                return Err(FetchError::Cancelled);
            }
            if addresses.len() > 1 {
                self.progress.report(Event::Warning { text: &describe(&failure) });
            }
            if gravest.as_ref().is_none_or(|known| known.gravity() < failure.gravity()) {
                gravest = Some(failure);
            }
        }
        let Some(gravest) = gravest else {
            return Err(FetchError::NotFound { url: name.to_string() });
        };
        Err(FetchError::Exhausted {
            name: name.to_string(),
            addresses: addresses.len(),
            source: Box::new(gravest),
        })
    }

    /// Repeats `attempt` with longer and longer pauses while its failures may be passing ones.
    ///
    /// `attempt` returns how far it has come beside its result.
    pub(super) fn retry<T>(
        &self,
        mut attempt: impl FnMut() -> (u64, Result<T, FetchError>),
    ) -> Result<T, FetchError> {
        let options = &self.fetcher.options;
        let mut failures = 0;
        let mut reached = 0;
        loop {
            let (position, result) = attempt();
            let failure = match result {
                Err(_) if self.cancel.is_set() => return Err(FetchError::Cancelled),
                Err(failure) if failure.remedy() == Remedy::Retry => failure,
                result => return result,
            };
            if position >= reached + PROGRESS_BYTES {
                reached = position;
                failures = 0;
            }
            failures += 1;
            let pause = pause_after(&failure, failures, options.backoff);
            if failures >= options.tries || pause > options.backoff_max {
                return Err(failure);
            }
            self.progress.report(Event::Warning { text: &describe(&failure) });
            self.fetcher.pause(pause, self.cancel);
        }
    }
}

fn pause_after(failure: &FetchError, failures: u32, backoff: Duration) -> Duration {
    let doubled = backoff.saturating_mul(1 << (failures - 1).min(16));
    match failure {
        FetchError::Status { retry_after: Some(asked), .. } => doubled.max(*asked),
        _ => doubled,
    }
}

/// The whole chain of causes in one line.
fn describe(error: &FetchError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        text.push_str(&format!(": {inner}"));
        cause = inner.source();
    }
    text
}
