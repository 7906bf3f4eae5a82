//! The guest agent as `osb` carries it: a static program without a C library, for each machine that
//! this compiler can build for.
//!
//! `build.rs` builds the program `osb-agent` of this package in a second run of Cargo. The feature
//! `program` belongs to that run; with it this library is empty.

#![cfg_attr(feature = "program", no_std)]

#[cfg(not(feature = "program"))]
mod carried;

#[cfg(not(feature = "program"))]
pub use carried::{machines, program};
