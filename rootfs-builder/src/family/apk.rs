//! The apk family: how packages of apk are indexed, ordered, signed and packed.

pub mod archive;
pub mod checksum;
pub mod dependency;
pub mod index;
mod listing;
pub mod pkginfo;
pub mod select;
pub mod signature;
pub mod version;
