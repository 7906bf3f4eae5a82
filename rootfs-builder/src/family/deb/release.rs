//! The signed `Release` file of a suite: what it is, how long it holds, and which indexes it proves.

mod error;
mod fields;
mod index;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use crate::decompress::Compression;
use crate::store::BlobId;

pub use error::ReleaseError;
pub use index::{PackagesForm, PackagesIndex};

use fields::Fields;

/// Clocks differ; an archive that is this far ahead of ours is not from the future.
const CLOCK_TOLERANCE_SECONDS: i64 = 3600;
const COMPRESSIONS: [Compression; 3] = [Compression::Xz, Compression::Gzip, Compression::None];

/// What a `Release` file says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Release {
    /// The suite by its role: `stable`.
    pub suite: Option<String>,
    /// The suite by its code name: `trixie`.
    pub codename: Option<String>,
    /// When it was made, in seconds since 1970.
    pub date: i64,
    /// Until when it holds, in seconds since 1970.
    pub valid_until: Option<i64>,
    /// The components.
    pub components: Vec<String>,
    /// The architectures, in Debian's spelling; `all` among them where it has indexes of its own.
    pub architectures: Vec<String>,
    /// Whether indexes can be asked for by digest.
    pub by_hash: bool,
    /// Whether packages are taken from here only if nothing else has them.
    pub not_automatic: bool,
    /// Whether what was taken from here once is upgraded from here all the same.
    pub automatic_upgrades: bool,
    separate_all: bool,
    files: BTreeMap<String, BlobId>,
}

impl Release {
    /// Reads a `Release` file, whose signature must have been verified.
    pub fn parse(text: &[u8]) -> Result<Self, ReleaseError> {
        let text = std::str::from_utf8(text).map_err(|_| ReleaseError::Encoding)?;
        let fields = Fields::parse(text)?;
        let date = fields.date("Date")?.ok_or(ReleaseError::Missing { field: "Date" })?;
        let architectures = fields.words("Architectures");
        let is_yes = |name| fields.text(name).is_some_and(|value| value == "yes");
        let no_support = fields.words("No-Support-for-Architecture-all");
        Ok(Self {
            suite: fields.text("Suite"),
            codename: fields.text("Codename"),
            date,
            valid_until: fields.date("Valid-Until")?,
            components: fields.words("Components"),
            by_hash: is_yes("Acquire-By-Hash"),
            not_automatic: is_yes("NotAutomatic"),
            automatic_upgrades: is_yes("ButAutomaticUpgrades"),
            separate_all: architectures.iter().any(|arch| arch == "all")
                && !no_support.iter().any(|index| index == "Packages"),
            architectures,
            files: fields.files()?,
        })
    }

    /// Refuses a file that is not of the suite that was asked for.
    ///
    /// A mirror could otherwise serve an old suite, well signed, in the place of a new one.
    pub fn check_suite(&self, wanted: &str) -> Result<(), ReleaseError> {
        let names = [self.suite.as_deref(), self.codename.as_deref()];
        let found: Vec<&str> = names.into_iter().flatten().collect();
        if found.contains(&wanted) || found.is_empty() {
            return Ok(());
        }
        Err(ReleaseError::Suite { wanted: wanted.to_owned(), found: found.join(", ") })
    }

    /// Refuses a file that does not hold any more at `now`, or not yet; seconds since 1970.
    pub fn check_time(&self, now: i64) -> Result<(), ReleaseError> {
        match self.valid_until {
            Some(until) if until <= now => Err(ReleaseError::Expired { until, now }),
            _ if self.date > now + CLOCK_TOLERANCE_SECONDS => {
                Err(ReleaseError::FromFuture { date: self.date, now })
            }
            _ => Ok(()),
        }
    }

    /// Whether the suite has packages for an architecture, in Debian's spelling.
    ///
    /// A pocket may have fewer than its release: long-term support leaves some out.
    pub fn has_architecture(&self, arch: &str) -> bool {
        self.architectures.is_empty() || self.architectures.iter().any(|known| known == arch)
    }

    /// Whether the suite has a component; the security archive writes `updates/main` for `main`.
    pub fn has_component(&self, component: &str) -> bool {
        self.components.is_empty()
            || self.components.iter().any(|known| {
                known == component
                    || known.rsplit_once('/').is_some_and(|(_, last)| last == component)
            })
    }

    /// The indexes that describe the packages of a component on an architecture, in Debian's spelling.
    pub fn packages_indexes(
        &self,
        component: &str,
        arch: &str,
    ) -> Result<Vec<PackagesIndex>, ReleaseError> {
        if !self.has_component(component) {
            let known = self.components.join(" ");
            return Err(ReleaseError::NoComponent { component: component.to_owned(), known });
        }
        if !self.has_architecture(arch) {
            let known = self.architectures.join(" ");
            return Err(ReleaseError::NoArchitecture { arch: arch.to_owned(), known });
        }
        let mut indexes = vec![self.index_in(&format!("{component}/binary-{arch}/"))?];
        if self.separate_all {
            indexes.push(self.index_in(&format!("{component}/binary-all/"))?);
        }
        Ok(indexes)
    }

    /// The index of a flat repository, which has neither components nor architectures.
    pub fn flat_index(&self) -> Result<PackagesIndex, ReleaseError> {
        self.index_in("./").or_else(|_| self.index_in(""))
    }

    fn index_in(&self, folder: &str) -> Result<PackagesIndex, ReleaseError> {
        let path = format!("{folder}Packages");
        let plain =
            *self.files.get(&path).ok_or_else(|| ReleaseError::NoIndex { path: path.clone() })?;
        let form = |compression: Compression| {
            let own_path = format!("{path}{}", compression.suffix());
            let packed = *self.files.get(&own_path)?;
            let by_hash = format!("{folder}by-hash/SHA256/{}", packed.sha256);
            let paths = self.by_hash.then_some(by_hash).into_iter().chain([own_path]);
            Some(PackagesForm { compression, packed, paths: paths.collect() })
        };
        Ok(PackagesIndex {
            forms: COMPRESSIONS.into_iter().filter_map(form).collect(),
            path,
            plain,
        })
    }
}
