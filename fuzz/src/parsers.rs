//! The parsers, and what they are fed with at first.

mod files;
mod images;
mod indexes;
mod packages;
mod protocol;

use crate::Target;

/// All parsers.
pub(crate) fn all() -> impl Iterator<Item = &'static Target> {
    packages::ALL
        .iter()
        .chain(indexes::ALL)
        .chain(files::ALL)
        .chain(images::ALL)
        .chain(protocol::ALL)
}
