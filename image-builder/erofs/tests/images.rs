//! Images as the kernel, erofs-utils and our own reader see them.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, clippy::unwrap_used)]

#[path = "images/make.rs"]
mod make;
#[path = "images/written.rs"]
mod written;
