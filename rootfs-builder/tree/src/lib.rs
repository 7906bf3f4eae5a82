//! A root filesystem as a value, and its conversions to and from tar, cpio, a directory and a listing.

#![cfg_attr(test, allow(clippy::disallowed_methods, clippy::disallowed_types))]

mod compare;
mod content;
pub mod cpio;
pub mod directory;
mod error;
pub mod listing;
mod node;
mod output;
mod path;
pub mod tar;
mod tree;

#[cfg(test)]
mod arbitrary;

pub use compare::{Aspect, Difference, compare};
pub use content::{Content, ContentReader, PartReader, Source};
pub use error::Error;
pub use node::{Kind, Meta, Node, Timestamp};
pub use path::{GuestPath, PathError};
pub use tree::Tree;
