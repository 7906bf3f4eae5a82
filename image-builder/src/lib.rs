//! Packs a tree into a partitioned disk image, optionally measured and with a DAX header, and reads
//! what such images hold.

#![cfg_attr(test, allow(clippy::disallowed_methods, clippy::disallowed_types))]

pub mod check;
pub mod contents;
mod dax;
pub mod filesystem;
pub mod gpt;
pub mod identity;
pub mod image;
pub mod kernel;
pub mod layout;
mod mbr;
pub mod partitions;
pub mod qcow2;
pub mod recognise;
pub mod verity;

pub use volume::Follower;
