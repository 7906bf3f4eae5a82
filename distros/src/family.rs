//! What distributions of one package family have in common.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

use crate::Error;

/// A family of distributions: how their packages are indexed, packed and recorded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// Alpine's packages: apk.
    Apk,
    /// Debian's packages: dpkg and apt.
    Deb,
}

/// The facts that every distribution of a family shares.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FamilyFacts {
    /// The places of files that differ between families.
    pub files: Files,
    /// How the packages begin that hold a kernel or its modules.
    pub kernel_prefixes: Vec<String>,
    #[serde(rename = "profile")]
    profiles: BTreeMap<Profile, ProfileFacts>,
}

/// The few places of files that later stages need.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Files {
    /// The configuration of chrony.
    pub chrony_conf: String,
    /// The unit or script that starts chrony.
    pub chrony_unit: String,
}

/// How much is installed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// The smallest system with its package manager.
    Base,
    /// The smallest system that boots to an init.
    Minimal,
    /// What osbuilder installs.
    Kata,
}

/// What a profile chooses, and what it removes afterwards.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileFacts {
    /// Packages chosen by what their index says of them.
    #[serde(default)]
    pub select: Vec<Selection>,
    /// Groups of packages chosen by name.
    pub groups: Vec<Group>,
    /// Guest paths removed, with everything beneath them.
    #[serde(default)]
    pub prune: Vec<String>,
    /// Files removed wherever in the tree they have this name.
    #[serde(default)]
    pub prune_names: Vec<String>,
    /// Symbolic links made after pruning: where, and to what.
    #[serde(default)]
    pub links: BTreeMap<String, String>,
    /// Whether the guest takes its time from the hypervisor.
    #[serde(default)]
    pub host_clock: bool,
    /// Whether the guest's `/tmp` is in memory.
    #[serde(default)]
    pub temporary_in_memory: bool,
}

/// A property in the package index that selects a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Selection {
    /// The package is marked essential.
    Essential,
    /// The package's priority is `required`.
    Required,
}

/// A purpose that a distribution names packages for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Group {
    /// What everything else stands on.
    System,
    /// The package manager.
    Manager,
    /// The distribution's init; not wanted where the guest agent is the init.
    Init,
    /// What a guest agent expects to find.
    Guest,
    /// System call filters.
    Seccomp,
    /// Verified and encrypted disks.
    Verity,
}

/// A kernel that guests are booted with which bring none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kernel {
    /// Made for virtual machines: small.
    Cloud,
    /// With the drivers that the small one lacks.
    General,
}

impl Family {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Apk, Self::Deb];

    /// How the files of keys end.
    pub fn key_ending(self) -> &'static str {
        match self {
            Self::Apk => ".rsa.pub",
            Self::Deb => ".asc",
        }
    }

    /// The facts of the family's file.
    pub fn facts(self) -> Result<FamilyFacts, Error> {
        let text = match self {
            Self::Apk => include_str!("../apk.toml"),
            Self::Deb => include_str!("../deb.toml"),
        };
        toml::from_str(text).map_err(|source| Error::Syntax { source: Box::new(source) })
    }
}

impl FamilyFacts {
    /// What a profile chooses and removes.
    pub fn profile(&self, profile: Profile) -> Result<&ProfileFacts, Error> {
        self.profiles.get(&profile).ok_or(Error::MissingProfile { profile })
    }
}

impl Profile {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Base, Self::Minimal, Self::Kata];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Minimal => "minimal",
            Self::Kata => "kata",
        }
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Profile {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|profile| profile.name() == text)
            .ok_or_else(|| format!("unknown profile {text:?}; known are base, minimal, kata"))
    }
}

impl fmt::Display for Family {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Apk => "apk",
            Self::Deb => "deb",
        })
    }
}

impl fmt::Display for Group {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::System => "system",
            Self::Manager => "manager",
            Self::Init => "init",
            Self::Guest => "guest",
            Self::Seccomp => "seccomp",
            Self::Verity => "verity",
        })
    }
}
