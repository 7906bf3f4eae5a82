//! The apk family: how packages of apk are indexed, ordered, signed, packed, unpacked and configured.

// Until a build installs packages of this family.
#![allow(dead_code, unused_imports)]

mod accounts;
pub mod archive;
mod busybox;
pub mod checksum;
mod database;
pub mod dependency;
pub mod index;
mod install;
mod installed;
mod listing;
mod order;
mod package;
pub mod pkginfo;
pub mod select;
mod scripts;
pub mod signature;
#[cfg(test)]
mod testing;
mod triggers;
mod unpack;
pub mod version;

pub use database::DatabaseError;
pub use install::InstallError;
pub use package::PackageError;
pub use scripts::ScriptRunError;
pub use unpack::UnpackError;

pub(crate) use database::GuestKey;
pub(crate) use install::install;
pub(crate) use installed::installed;
pub(crate) use package::ApkPackage;
