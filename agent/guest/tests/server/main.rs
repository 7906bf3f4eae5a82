//! The server over sockets: what a good host gets, and what a bad one cannot do.

#![allow(clippy::disallowed_methods, clippy::expect_used, clippy::panic, clippy::unwrap_used)]

mod attacks;
mod commands;
mod files;
mod host;
