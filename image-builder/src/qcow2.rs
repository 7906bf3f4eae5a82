//! Raw images in QEMU's format, where clusters of zeros take no room.

mod format;
mod read;
mod write;

pub use format::is_qcow2;
pub use read::{Qcow2Error, read};
pub use write::write;
