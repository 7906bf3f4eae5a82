//! Trees as directories of the host, where maintainer scripts can run.
//!
//! What lies in such a directory is hostile once a script has run there: every access goes through
//! a handle of the root, and no link leads out of it.

mod create;
mod entries;
mod fill;
mod fingerprint;
mod pending;
mod read;
mod remove;
mod root;
mod seen;
mod spread;
mod standpoint;
mod status;
#[cfg(test)]
mod tests;
mod work;
mod write;
mod written;
mod xattrs;

pub use fingerprint::fingerprint;
pub use read::{read, read_with_fingerprint};
pub use remove::remove_all;
pub use spread::spread;
pub use status::Status;
pub use write::{Devices, Options, Owners, write, write_paths};
pub use written::Written;
