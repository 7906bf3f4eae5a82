//! Packs a tree as an initrd that the Linux kernel unpacks, and reads one back.
//!
//! An initrd is one or more `newc` archives, each compressed in its own way, with zeros between.

#![cfg_attr(test, allow(clippy::disallowed_methods, clippy::disallowed_types))]

mod boot;
mod compress;
mod compression;
mod decompress;
mod error;
mod init;
mod read;
mod write;

pub use boot::{BOOT_PARAMETER, Boot, BootError, Driver, boot_tree};
pub use compression::{Compression, Compressor};
pub use error::Error;
pub use init::{Init, put_init};
pub use read::{Member, head, members, read};
pub use write::{Archive, Options, write};
