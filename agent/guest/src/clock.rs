//! The guest's clock.

use rustix::time::{ClockId, clock_gettime};

/// Nanoseconds since the guest's boot.
pub(crate) type Instant = u64;

pub(crate) const SECOND: Instant = 1_000_000_000;
pub(crate) const MILLISECOND: Instant = 1_000_000;

pub(crate) fn now() -> Instant {
    let time = clock_gettime(ClockId::Boottime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or(0);
    seconds.saturating_mul(SECOND).saturating_add(u64::try_from(time.tv_nsec).unwrap_or(0))
}
