//! Package families: how each kind of package is read, ordered and installed.

pub mod apk;
pub mod deb;
mod installed;
pub mod opened;
mod scripts;
mod working_copy;

pub(crate) use scripts::Scripts;

pub use installed::{Installed, InstalledError, installed};
pub use scripts::ScriptError;
pub use working_copy::WorkingCopyError;
