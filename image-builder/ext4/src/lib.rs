//! Writes a tree as an ext4 filesystem, and reads one back.
//!
//! A [`Plan`] decides where every block goes before the first is written; [`Plan::write`] then
//! carries it out, each block once, in whole blocks. What the files hold is all that needs reading.
//! [`read`] makes a tree of an image, ours or another's, whose contents stay in the image.
//!
//! Holes that a content knows of stay holes; zeros that it holds as data are written as data.
//! Files of at most 64 KiB on disk are not asked for holes.

#![cfg_attr(test, allow(clippy::disallowed_methods, clippy::disallowed_types))]

mod bytes;
mod checksum;
mod error;
mod format;
mod hash;
mod options;
mod plan;
mod read;
mod write;

pub use error::Error;
pub use options::{Options, Size};
pub use plan::Plan;
pub use read::read;
