//! Sixteen digests at once.
//!
//! The instructions for SHA-256 take one message after another. Where a processor has wide vectors,
//! sixteen messages side by side take half the time, and leave those instructions to the thread that
//! digests the whole image meanwhile.

#[cfg(target_arch = "x86_64")]
mod avx512;

/// How many.
pub(super) const LANES: usize = 16;

/// Takes whole steps of every message into its state; all parts are equally long.
pub(super) type Advance = fn(&mut [[u32; 8]; LANES], [&[u8]; LANES]);

/// How it is done on this processor, if it can be.
#[cfg(target_arch = "x86_64")]
#[allow(unsafe_code)]
pub(super) fn advance() -> Option<Advance> {
    let is_able = is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw");
    // SAFETY: the function asks for nothing but these two features.
    is_able.then_some(|states, parts| unsafe { avx512::advance(states, parts) })
}

/// No other processor is known to gain by it.
#[cfg(not(target_arch = "x86_64"))]
pub(super) fn advance() -> Option<Advance> {
    None
}
