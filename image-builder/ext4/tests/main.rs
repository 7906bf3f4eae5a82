//! Filesystems as others see them: e2fsprogs and the kernel.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

mod changes;
mod contents;
mod growth;
mod image;
mod limits;
mod others;
mod sizes;
mod writes;
