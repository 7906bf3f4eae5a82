//! The deb family: how Debian's packages are indexed, packed, unpacked and configured.

pub mod archive;
mod base;
mod control;
mod database;
mod diversions;
pub mod index;
mod install;
mod installed;
mod package;
mod paragraph;
pub mod relation;
pub mod release;
mod scripts;
pub mod select;
mod services;
pub mod sources;
mod triggers;
mod unpack;
pub mod version;
mod waves;

pub use archive::ArchiveError;
pub use base::BaseError;
pub use control::ControlError;
pub use database::DatabaseError;
pub use install::InstallError;
pub use package::PackageError;
pub use release::ReleaseError;
pub use unpack::UnpackError;

pub(crate) use install::install;
pub(crate) use installed::installed;
pub(crate) use package::DebPackage;
