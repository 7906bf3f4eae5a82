//! The deb family: how Debian's packages are indexed, packed, unpacked and configured.

pub mod archive;
mod base;
mod build;
mod control;
mod database;
pub(crate) mod decide;
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
pub use build::BuildError;
pub use control::ControlError;
pub use database::DatabaseError;
pub use decide::DecideError;
pub use install::InstallError;
pub use package::PackageError;
pub use release::ReleaseError;
pub use unpack::UnpackError;

pub(crate) use build::build;
pub(crate) use installed::installed;
