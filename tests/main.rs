//! Tests of the command and of the house, in one program.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

mod again;
mod against_apt;
mod against_mmdebstrap;
mod agents;
mod apk;
mod attacks;
mod boots;
mod cli;
mod conformance;
mod determinism;
mod images;
mod inspect;
mod made;
mod own;
mod repositories;
mod tidy;
mod verdict;
