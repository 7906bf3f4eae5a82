//! Says what each supported distribution is.
//!
//! A distribution is data: one TOML file and its public keys. [`Distro`] is the seam, [`DataDistro`] reads the
//! file. What distributions of one family have in common (profiles, places of files) is the family's file.
//! To add one: `<name>.toml`, its keys in `keys/`, one line in [`built_in`].

#![cfg_attr(test, allow(clippy::disallowed_methods, clippy::disallowed_types))]

mod arch;
mod built_in;
mod data;
mod distro;
mod error;
mod family;
mod schema;

pub use arch::{Arch, UnknownArch};
pub use built_in::{built_in, find, is_file, open};
pub use data::DataDistro;
pub use distro::{Distro, Key, Pocket, Release, Repository};
pub use error::Error;
pub use family::{Family, FamilyFacts, Files, Group, Kernel, Profile, ProfileFacts, Selection};

#[cfg(test)]
mod tests;
