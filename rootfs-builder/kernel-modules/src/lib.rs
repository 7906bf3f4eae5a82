//! Puts kernel modules into a tree, with the indexes that `modprobe` reads.
//!
//! The indexes are those that `depmod` of kmod makes, without running it.

#![cfg_attr(test, allow(clippy::disallowed_methods, clippy::disallowed_types))]

mod alias;
mod decompress;
mod dependencies;
mod elf;
mod error;
mod files;
mod index;
mod install;
mod module;
mod release;
mod symbols;
mod trie;

pub use elf::{Facts, facts};
pub use error::{Error, Fault};
pub use index::{Indexed, Options, index};
pub use install::install;
pub use release::Release;
