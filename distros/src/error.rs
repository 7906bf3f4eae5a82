//! What can be wrong with a distribution, or with asking for one.

use std::path::PathBuf;

use crate::{Arch, Group, Pocket, Profile};

/// A distribution's file is wrong, or it was asked for something that it does not have.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No distribution has this name.
    #[error("no distribution is named {name:?}; known are {known}")]
    UnknownDistro {
        /// What was asked for.
        name: String,
        /// The names there are.
        known: String,
    },
    /// The distribution has no such release.
    #[error("{distro} has no release {release:?}; known are {known}")]
    UnknownRelease {
        /// The distribution.
        distro: String,
        /// What was asked for.
        release: String,
        /// The releases there are.
        known: String,
    },
    /// The release does not exist for the architecture.
    #[error("{distro} {release} is not made for {arch}; it is for {known}")]
    UnsupportedArch {
        /// The distribution.
        distro: String,
        /// The release.
        release: String,
        /// What was asked for.
        arch: Arch,
        /// The architectures there are.
        known: String,
    },
    /// The release has no such pocket.
    #[error("{distro} {release} has no pocket {pocket}")]
    UnsupportedPocket {
        /// The distribution.
        distro: String,
        /// The release.
        release: String,
        /// What was asked for.
        pocket: Pocket,
    },
    /// The profile needs packages that the distribution does not name.
    #[error("{distro} has no profile {profile}: its file names no packages for {group}")]
    UnsupportedProfile {
        /// The distribution.
        distro: String,
        /// The profile.
        profile: Profile,
        /// The group that is missing.
        group: Group,
    },
    /// The family's file describes no such profile.
    #[error("the family has no profile {profile}")]
    MissingProfile {
        /// The profile.
        profile: Profile,
    },
    /// The file does not follow the schema.
    #[error("read the description of a distribution")]
    Syntax {
        /// What the parser says.
        source: Box<toml::de::Error>,
    },
    /// The file follows the schema but contradicts itself.
    #[error("line {line}: {problem}")]
    Inconsistent {
        /// Where.
        line: usize,
        /// The contradiction, and what to write instead.
        problem: String,
    },
    /// A key that the file names is not there.
    #[error("line {line}: key {key}: {}", place.display())]
    Key {
        /// Where it is named.
        line: usize,
        /// The key's name.
        key: String,
        /// The file that was looked for.
        place: PathBuf,
        /// Why it could not be read.
        source: std::io::Error,
    },
    /// A file of the user is wrong.
    #[error("distribution {}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        source: Box<Error>,
    },
    /// A file of the user could not be read.
    #[error("read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
}
