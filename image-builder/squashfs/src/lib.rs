//! Writes a tree as a SquashFS 4.0 filesystem, and reads one back.
//!
//! The format keeps whole seconds from 1970 to 2106: fractions are rounded down, and times outside
//! are refused. It keeps the extended attributes of users, of `trusted.` and of `security.`, but no
//! access control lists, which are refused too.

#![cfg_attr(test, allow(clippy::disallowed_methods, clippy::disallowed_types))]

mod codec;
mod error;
mod format;
mod options;
mod reader;
mod writer;

pub use error::{Error, Fault, Refusal};
pub use options::{Compression, Options};
pub use reader::read;
pub use writer::write;
