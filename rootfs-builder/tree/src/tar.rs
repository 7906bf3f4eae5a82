//! Trees as tar archives: POSIX pax interchange format out, that and GNU's in.

mod fault;
mod header;
mod pax;
mod read;
#[cfg(test)]
mod tests;
mod write;

pub use fault::Fault;
pub use read::{Member, read_members, read_spans};
pub use write::write;
