//! Packs a tree into a partitioned disk image, optionally measured and with a DAX header.

#![cfg_attr(test, allow(clippy::disallowed_methods, clippy::disallowed_types))]

mod dax;
pub mod gpt;
pub mod layout;
mod mbr;
pub mod qcow2;
