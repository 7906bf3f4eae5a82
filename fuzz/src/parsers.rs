//! The parsers, and what they are fed with at first.

mod apk;
mod disks;
mod files;
mod images;
mod indexes;
mod packages;
mod protocol;

use crate::Target;

/// All parsers.
pub(crate) fn all() -> impl Iterator<Item = &'static Target> {
    let packages = packages::ALL.iter().chain(apk::ALL).chain(indexes::ALL).chain(files::ALL);
    packages.chain(images::ALL).chain(disks::ALL).chain(protocol::ALL)
}
