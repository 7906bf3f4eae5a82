//! Everything decided about one root filesystem; saved, it is the lock file.

use std::collections::BTreeMap;

use distros::Family;
use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// The version of the lock file's format that this program writes and reads.
const VERSION: u32 = 1;

/// A lock file is a few hundred bytes a package.
const LIMIT_BYTES: usize = 64 << 20;

const HEADER: &str = "\
# Everything that was decided about one root filesystem. Written by `osb plan`; build exactly this
# with `osb rootfs --locked`. To decide anew, run `osb plan` again and review the difference.

";

/// Everything decided about one root filesystem.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// The version of this format.
    pub version: u32,
    /// The family that the packages belong to.
    #[serde(default)]
    pub family: Family,
    /// The distribution's name.
    pub distro: String,
    /// The release's code name.
    pub release: String,
    /// The architecture, in the distribution's own spelling.
    pub arch: String,
    /// The profile's name.
    pub profile: String,
    /// Seconds since 1970: the time that everything made during the build carries.
    pub timestamp: i64,
    /// The packages asked for, in the words of the family's package manager, where it keeps them.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub wanted: Vec<String>,
    /// What the profile changes once all packages are configured.
    pub finish: Finish,
    /// The keys that the guest's package manager is to know, where none of its packages has them.
    #[serde(rename = "key", skip_serializing_if = "Vec::is_empty", default)]
    pub keys: Vec<PlannedKey>,
    /// Where packages come from, as the guest's package manager will see it.
    #[serde(rename = "repository", default)]
    pub repositories: Vec<PlannedRepository>,
    /// The packages, sorted by name and architecture.
    #[serde(rename = "package", default)]
    pub packages: Vec<PlannedPackage>,
}

/// What a profile changes once all packages are configured.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Finish {
    /// Whether the guest's `/tmp` is in memory.
    #[serde(skip_serializing_if = "is_false", default)]
    pub temporary_in_memory: bool,
    /// Chrony's configuration and unit, where the guest takes its time from the hypervisor.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub host_clock: Option<ClockFiles>,
    /// Paths that are removed, each with everything below it.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub prune: Vec<String>,
    /// Files that are removed wherever they have one of these names.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub prune_names: Vec<String>,
    /// Symbolic links that are made last: where, and to what.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub links: BTreeMap<String, String>,
}

/// Where a distribution keeps chrony's files.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClockFiles {
    /// The configuration.
    pub configuration: String,
    /// The systemd unit.
    pub unit: String,
}

/// A public key that signed a repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedKey {
    /// The name of its file.
    pub name: String,
    /// The file.
    pub text: String,
}

/// One repository that packages come from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedRepository {
    /// The base address of the archive.
    pub url: String,
    /// The suite, as the archive names its folder: `bookworm-updates`.
    pub suite: String,
    /// The components taken from it.
    #[serde(default)]
    pub components: Vec<String>,
    /// What packages that are wanted from here only are marked with.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub tag: Option<String>,
    /// The digest of the signed release file or index.
    pub release_sha256: Digest,
    /// The fingerprint of the key whose signature was accepted; missing if none was asked for.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub signed_by: Option<String>,
}

/// One package, exactly.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlannedPackage {
    /// The package's name.
    pub name: String,
    /// The exact version.
    pub version: String,
    /// The package's own architecture (`all` for none).
    pub arch: String,
    /// Where it was found; a mirror may replace the part that is a repository's base address.
    pub url: String,
    /// Size of the archive in bytes.
    pub size: u64,
    /// Digest of the archive.
    pub sha256: Digest,
    /// Whether it was asked for by name or by the profile; missing if only depended upon.
    #[serde(skip_serializing_if = "is_false", default)]
    pub requested: bool,
}

/// Why a text is no plan.
#[derive(Debug, thiserror::Error)]
pub enum PlanError {
    /// The file is larger than any plan.
    #[error("a lock file of {0} bytes is larger than any that is written")]
    TooLarge(usize),
    /// The text is not what `osb plan` writes.
    #[error("read the lock file")]
    Syntax(#[source] Box<toml::de::Error>),
    /// The plan could not be written as text.
    #[error("write the lock file")]
    Write(#[source] toml::ser::Error),
    /// Another version of the program wrote it.
    #[error("the lock file has format {found}, this osb reads format {VERSION}")]
    Version {
        /// The format found.
        found: u32,
    },
    /// A field holds what no archive would call a package, a version or an architecture.
    #[error("{field} {value:?} in the lock file is not one")]
    Field {
        /// Which field.
        field: &'static str,
        /// What it holds.
        value: String,
    },
    /// Two entries are the same package.
    #[error("{0} stands in the lock file twice")]
    Twice(String),
}

impl Plan {
    /// The version that new plans have.
    pub const VERSION: u32 = VERSION;

    /// Reads a lock file and checks every field that is used as a name later.
    pub fn from_lock(text: &str) -> Result<Self, PlanError> {
        if text.len() > LIMIT_BYTES {
            return Err(PlanError::TooLarge(text.len()));
        }
        let plan: Plan = toml::from_str(text).map_err(|e| PlanError::Syntax(Box::new(e)))?;
        plan.check()?;
        Ok(plan)
    }

    /// Writes the lock file.
    pub fn to_lock(&self) -> Result<String, PlanError> {
        let body = toml::to_string(self).map_err(PlanError::Write)?;
        Ok(format!("{HEADER}{body}"))
    }

    /// The digest of everything decided: two plans with one digest make the same tree.
    pub fn digest(&self) -> Result<Digest, PlanError> {
        Ok(Digest::of(self.to_lock()?))
    }

    fn check(&self) -> Result<(), PlanError> {
        if self.version != VERSION {
            return Err(PlanError::Version { found: self.version });
        }
        let lower = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        field("architecture", &self.arch, |c| lower(c) || c == '_')?;
        for key in &self.keys {
            field("key", &key.name, |c| c.is_ascii_alphanumeric() || "+-._@".contains(c))?;
        }
        let mut seen = std::collections::BTreeSet::new();
        for package in &self.packages {
            field("package", &package.name, |c| c.is_ascii_alphanumeric() || "+-._".contains(c))?;
            field("architecture", &package.arch, |c| lower(c) || "-_".contains(c))?;
            field("version", &package.version, |c| {
                c.is_ascii_alphanumeric() || "+-.:~_".contains(c)
            })?;
            if !seen.insert((&package.name, &package.arch)) {
                return Err(PlanError::Twice(format!("{} ({})", package.name, package.arch)));
            }
        }
        Ok(())
    }
}

fn field(
    field: &'static str,
    value: &str,
    allowed: impl Fn(char) -> bool,
) -> Result<(), PlanError> {
    let begins_well = value.starts_with(|first: char| first.is_ascii_alphanumeric());
    if begins_well && value.chars().all(allowed) {
        Ok(())
    } else {
        Err(PlanError::Field { field, value: value.chars().take(80).collect() })
    }
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde passes a reference.
fn is_false(value: &bool) -> bool {
    !value
}

#[cfg(test)]
mod tests;
