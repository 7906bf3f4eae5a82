//! Writes a tree as an EROFS filesystem, and reads one back.
//!
//! Everything is decided first (`plan`), then written once, in whole blocks, by several threads
//! (`write`). `read` turns an image into a tree again, without mounting it.

#![cfg_attr(test, allow(clippy::disallowed_methods, clippy::disallowed_types))]

mod compress;
mod error;
mod format;
mod options;
mod plan;
mod read;
mod write;

pub use error::{Error, Fault};
pub use options::{Algorithm, Compression, Options};
pub use plan::{Plan, plan};
pub use read::read;
pub use write::write;
