//! Trees as cpio archives in the `newc` format: what the Linux kernel unpacks as its first root,
//! and what is inside of rpm packages.

mod fault;
mod format;
mod read;
#[cfg(test)]
mod tests;
mod window;
mod write;

pub use fault::Fault;
pub use format::is_archive;
pub use read::{Archive, Budget, read_archive, read_spans, read_spans_within};
pub use write::{Xattrs, check, write};
