//! Turns a distribution and a package list into a configured tree.

#![cfg_attr(test, allow(clippy::disallowed_methods, clippy::disallowed_types))]

pub mod build;
pub mod configure;
pub mod decide;
pub mod decompress;
pub mod digest;
pub mod family;
pub mod fetch;
pub mod kept;
pub mod kernel;
pub mod mirrors;
pub mod packages;
pub mod plan;
pub mod progress;
pub mod spec;
pub mod store;
pub mod trust;
pub mod utc;
