//! The seam: what osb asks of a distribution.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use serde::Deserialize;

use crate::{Arch, Error, Family, FamilyFacts, Group, Kernel, Profile};

/// One distribution, as far as osb needs to know it.
pub trait Distro {
    /// Its name on the command line.
    fn name(&self) -> &str;

    /// Its name for people.
    fn title(&self) -> &str;

    /// The family its packages belong to.
    fn family(&self) -> Family;

    /// What it shares with the rest of its family.
    fn family_facts(&self) -> &FamilyFacts;

    /// Its releases, oldest first.
    fn releases(&self) -> &[Release];

    /// The release taken when none is named.
    fn default_release(&self) -> &Release;

    /// The distribution's own name of an architecture; none if it is not made for it.
    fn arch_name(&self, arch: Arch) -> Option<&str>;

    /// Where the packages of a release come from, in the order of `pockets`.
    ///
    /// A pocket that the release does not have is an error: drop it from `pockets` first, see [`Release::pockets`].
    fn repositories(
        &self,
        release: &Release,
        arch: Arch,
        pockets: &[Pocket],
    ) -> Result<Vec<Repository>, Error>;

    /// Every suite, by code name, that the official archive at `url` holds.
    fn suites_at(&self, url: &str) -> BTreeSet<String>;

    /// The packages of a group; none if the distribution has no such feature.
    fn packages(&self, group: Group) -> Option<&[String]>;

    /// The packages of a kernel; none if the distribution has no such kernel for it.
    fn kernel_packages(&self, kernel: Kernel, arch: Arch) -> Option<&[String]>;

    /// Links that make the distribution's init start its services: where, and to what.
    fn services(&self) -> &BTreeMap<String, String>;

    /// The architecture that the distribution, the kernel or anyone else calls so, in this order.
    ///
    /// One name may mean two: what is `armhf` to some is for processors that are too old for others.
    fn arch(&self, name: &str) -> Option<Arch> {
        let own = |arch: &Arch| self.arch_name(*arch) == Some(name);
        let known = || name.parse().ok().filter(|arch| self.arch_name(*arch).is_some());
        Arch::ALL.into_iter().find(own).or_else(known)
    }

    /// The release with this name or alias.
    fn release(&self, name: &str) -> Result<&Release, Error> {
        self.releases().iter().find(|release| release.is_called(name)).ok_or_else(|| {
            Error::UnknownRelease {
                distro: self.name().to_owned(),
                release: name.to_owned(),
                known: list(self.releases().iter().map(|release| release.name.as_str())),
            }
        })
    }

    /// The packages that a profile names, without those of the groups in `without`.
    fn profile_packages(&self, profile: Profile, without: &[Group]) -> Result<Vec<String>, Error> {
        let mut packages = Vec::new();
        for group in &self.family_facts().profile(profile)?.groups {
            if without.contains(group) {
                continue;
            }
            let named = self.packages(*group).ok_or_else(|| Error::UnsupportedProfile {
                distro: self.name().to_owned(),
                profile,
                group: *group,
            })?;
            packages.extend_from_slice(named);
        }
        Ok(packages)
    }

    /// The links that a profile makes, without what is of no use without the groups in `without`.
    fn profile_links(
        &self,
        profile: Profile,
        without: &[Group],
    ) -> Result<BTreeMap<String, String>, Error> {
        let facts = self.family_facts().profile(profile)?;
        let mut links = facts.links.clone();
        if facts.groups.contains(&Group::Init) && !without.contains(&Group::Init) {
            links.extend(self.services().clone());
        }
        Ok(links)
    }
}

/// One release of a distribution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// The code name, as the archive spells it.
    pub name: String,
    /// Other names: the number, `stable`.
    pub aliases: Vec<String>,
    /// The architectures it is made for.
    pub architectures: Vec<Arch>,
    /// The pockets it has.
    pub pockets: Vec<Pocket>,
}

/// A part of a release with a life of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Pocket {
    /// The release as it was published.
    Release,
    /// Corrections since.
    Updates,
    /// Security corrections.
    Security,
}

/// A place packages come from, and the keys that must have signed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// The pocket it is.
    pub pocket: Pocket,
    /// The official address, without a slash at the end.
    pub url: String,
    /// The suite, as the archive names its folder; empty if it has one release only.
    pub suite: String,
    /// The components taken from it; none if it has no such parts.
    pub components: Vec<String>,
    /// The keys; one good signature by one of them is enough.
    pub keys: Vec<Key>,
}

/// A public key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Key {
    /// The name of its file, without the ending.
    pub name: String,
    /// What the file holds: OpenPGP, armored or not, or RSA in PEM, as the family has it.
    pub bytes: Vec<u8>,
}

impl Release {
    /// Whether this is its name or one of its aliases.
    pub fn is_called(&self, name: &str) -> bool {
        self.name == name || self.aliases.iter().any(|alias| alias == name)
    }
}

impl Pocket {
    /// All of them, in the order in which an apt source lists them.
    pub const ALL: [Self; 3] = [Self::Release, Self::Updates, Self::Security];

    /// Its name on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Release => "release",
            Self::Updates => "updates",
            Self::Security => "security",
        }
    }
}

impl fmt::Display for Pocket {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}

impl FromStr for Pocket {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Self::ALL
            .into_iter()
            .find(|pocket| pocket.name() == text)
            .ok_or_else(|| format!("unknown pocket {text:?}; known are release, updates, security"))
    }
}

pub(crate) fn list<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().collect::<Vec<_>>().join(", ")
}
