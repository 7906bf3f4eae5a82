//! The apk family: how packages of apk are indexed, ordered, signed and packed.

pub mod archive;
pub mod checksum;
pub mod dependency;
pub mod index;
mod installed;
mod listing;
pub mod pkginfo;
pub mod signature;
pub mod version;

pub(crate) use installed::installed;
