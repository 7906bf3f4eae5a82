//! Packs a tree into a partitioned disk image, optionally measured and with a DAX header.

#![cfg_attr(test, allow(clippy::disallowed_methods, clippy::disallowed_types))]

pub mod check;
mod dax;
pub mod filesystem;
pub mod gpt;
pub mod identity;
pub mod image;
pub mod kernel;
pub mod layout;
mod mbr;
pub mod qcow2;
pub mod verity;
