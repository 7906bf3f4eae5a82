//! What one root filesystem was asked to be.

use distros::{Arch, Group, Key, Pocket, Profile};

use crate::mirrors::Mirrors;

/// What one root filesystem was asked to be; nothing decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RootfsSpec {
    /// The release's name or alias; none asks for the distribution's default.
    pub release: Option<String>,
    /// The guest's architecture.
    pub arch: Arch,
    /// How much is installed.
    pub profile: Profile,
    /// Groups of the profile's packages that are not wanted.
    pub without: Vec<Group>,
    /// Packages beside the profile's, as `apt-get install` takes them.
    pub packages: Vec<String>,
    /// Whether recommended packages are wanted.
    pub recommends: bool,
    /// Where the distribution's archives may be found.
    pub mirrors: Mirrors,
    /// The parts of the archive to take.
    pub pockets: Vec<Pocket>,
    /// Repositories beside the distribution's.
    pub repositories: Vec<ExtraRepository>,
    /// Keys that replace the distribution's own.
    pub keys: Option<Vec<Key>>,
    /// Whether archives that nobody signed are taken.
    pub allow_unsigned: bool,
    /// Whether archives are taken whose time is over.
    pub allow_expired: bool,
    /// The time that the tree carries; none takes that of the newest archive.
    pub timestamp: Option<i64>,
    /// The time at which keys and archives must be valid, in seconds since 1970.
    pub now: i64,
}

/// A repository beside the distribution's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExtraRepository {
    /// Its address, or a directory.
    pub url: String,
    /// Its suite; one that ends with a slash is a flat repository's folder, and the apk family has none.
    pub suite: String,
    /// Its components; none in a flat repository.
    pub components: Vec<String>,
    /// What packages are tagged with that are to come from here alone; only the apk family has tags.
    pub tag: Option<String>,
    /// The keys that sign it; none takes the distribution's.
    pub keys: Option<Key>,
}
