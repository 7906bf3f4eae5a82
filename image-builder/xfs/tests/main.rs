//! Filesystems as others see them: xfsprogs and the kernel.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
#![allow(clippy::disallowed_methods, clippy::disallowed_types)]

mod image;
mod limits;
mod others;
mod written;
