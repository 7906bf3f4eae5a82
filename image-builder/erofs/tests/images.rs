//! Images as the kernel, erofs-utils and our own reader see them.

#![allow(clippy::disallowed_methods, clippy::disallowed_types, clippy::unwrap_used)]

#[path = "images/foreign.rs"]
mod foreign;
#[path = "images/hostile.rs"]
mod hostile;
#[path = "images/limits.rs"]
mod limits;
#[path = "images/make.rs"]
mod make;
#[path = "images/repeated.rs"]
mod repeated;
#[path = "images/written.rs"]
mod written;
