//! What the crate promises, over trees and sources made here.

#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::disallowed_types)]

#[path = "agent/against_ldd.rs"]
mod against_ldd;
#[path = "agent/archives.rs"]
mod archives;
#[path = "agent/guests.rs"]
mod guests;
#[path = "agent/places.rs"]
mod places;
#[path = "agent/sources.rs"]
mod sources;
#[path = "agent/units.rs"]
mod units;
