//! Package families: how each kind of package is read, ordered and installed.

pub mod apk;
pub mod deb;
mod installed;

pub use installed::{Installed, InstalledError, installed};
