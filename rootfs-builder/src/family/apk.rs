//! The apk family: how packages of apk are indexed, ordered, signed, packed and installed.

mod accounts;
pub mod archive;
mod build;
mod busybox;
pub mod checksum;
mod database;
pub(crate) mod decide;
pub mod dependency;
pub mod index;
mod install;
mod installed;
mod listing;
mod order;
mod package;
pub mod pkginfo;
mod scripts;
pub mod select;
pub mod signature;
#[cfg(test)]
mod testing;
mod triggers;
mod unpack;
pub mod version;

pub use archive::ArchiveError;
pub use build::BuildError;
pub use database::DatabaseError;
pub use decide::{DecideError, PackageProblem};
pub use install::InstallError;
pub use package::PackageError;
pub use scripts::ScriptRunError;
pub use unpack::UnpackError;

pub(crate) use build::{build, runs_scripts};
pub(crate) use installed::installed;
