//! Writes a tree as an XFS filesystem, and reads one back.
//!
//! A [`Plan`] decides where every block goes before the first is written; [`Plan::write`] then
//! carries it out. All metadata has checksums, times reach from 1901 to 2486, and nothing is shared
//! between files, so that the guest may map them by DAX. [`read`] makes a tree of an image, ours or
//! another's, whose contents stay in the image; it does not replay a log.

#![cfg_attr(test, allow(clippy::disallowed_methods, clippy::disallowed_types))]

mod acl;
mod bytes;
mod error;
mod format;
mod options;
mod plan;
mod read;
mod write;

pub use error::Error;
pub use options::{Options, Size};
pub use plan::Plan;
pub use read::read;
