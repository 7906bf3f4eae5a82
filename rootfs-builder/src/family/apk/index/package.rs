//! One package as its index describes it.

use super::{IndexError, Record, Span, Universe};
use crate::family::apk::checksum::Checksum;
use crate::family::apk::dependency::Dependency;

/// A view of one package of a universe.
#[derive(Debug, Clone, Copy)]
pub struct Package<'u> {
    pub(super) universe: &'u Universe,
    pub(super) record: &'u Record,
}

impl<'u> Package<'u> {
    /// The package's name.
    pub fn name(&self) -> &'u str {
        self.text(self.record.name)
    }

    /// The package's version.
    pub fn version(&self) -> &'u str {
        self.text(self.record.version)
    }

    /// The architecture as the package writes it: `noarch` for all of them.
    pub fn arch(&self) -> &'u str {
        self.field('A').unwrap_or("noarch")
    }

    /// Whether the package is for every architecture.
    pub fn is_for_all_archs(&self) -> bool {
        self.record.is_for_all_archs
    }

    /// The checksum of the package's control member.
    pub fn checksum(&self) -> Checksum {
        self.record.checksum
    }

    /// How many bytes the package's file has.
    pub fn size(&self) -> u64 {
        self.record.size
    }

    /// How many bytes its files have when installed.
    pub fn installed_size(&self) -> u64 {
        self.record.installed_size
    }

    /// The name of the source package, where it says so.
    pub fn origin(&self) -> Option<&'u str> {
        self.field('o')
    }

    /// When it was built, in seconds since 1970.
    pub fn build_time(&self) -> Option<u64> {
        self.field('t')?.parse().ok()
    }

    /// How it ranks among the packages that provide the same name without a version.
    pub fn provider_priority(&self) -> Option<u32> {
        self.record.provider_priority
    }

    /// The number of the index that offers it, as the indexes were given.
    pub fn index(&self) -> usize {
        usize::from(self.record.index)
    }

    /// The tag of the repository that offers it.
    pub fn tag(&self) -> Option<&'u str> {
        self.universe.indexes.get(self.index())?.tag.as_deref()
    }

    /// The name of its file.
    pub fn file_name(&self) -> String {
        format!("{}-{}.apk", self.name(), self.version())
    }

    /// What it needs and what it refuses.
    pub fn depends(&self) -> Result<Vec<Dependency<'u>>, IndexError> {
        self.words("dependencies", self.text(self.record.depends))
    }

    /// What it provides besides its own name; what cannot be read provides nothing.
    pub fn provides(&self) -> Result<Vec<Dependency<'u>>, IndexError> {
        let words = self.text(self.record.provides).split(' ');
        Ok(words.filter_map(|word| Dependency::parse(word).ok()).collect())
    }

    /// What must be installed so that it is, too; empty for most.
    pub fn install_if(&self) -> Result<Vec<Dependency<'u>>, IndexError> {
        self.words("conditions", self.text(self.record.install_if))
    }

    /// Whose files it may replace, where the index says so.
    pub fn replaces(&self) -> Result<Vec<Dependency<'u>>, IndexError> {
        self.words("replaced packages", self.field('r').unwrap_or_default())
    }

    /// Returns the value of a line by its letter.
    pub fn field(&self, letter: char) -> Option<&'u str> {
        let mut lines = self.text(self.record.lines).split('\n');
        lines.find_map(|line| line.strip_prefix(letter)?.strip_prefix(':'))
    }

    fn text(&self, span: Span) -> &'u str {
        self.universe.text(self.record.index, span)
    }

    fn words(&self, field: &'static str, text: &'u str) -> Result<Vec<Dependency<'u>>, IndexError> {
        let words = text.split(' ').filter(|word| !word.is_empty()).map(Dependency::parse);
        words.collect::<Result<_, _>>().map_err(|source| IndexError::Dependency {
            index: self.universe.indexes[self.index()].label.clone(),
            position: self.record.lines.start as usize,
            field,
            source,
        })
    }
}

impl Universe {
    /// Looks a package up by name and version, in the first index that has it.
    pub fn find(&self, name: &str, version: &str) -> Option<super::PackageId> {
        self.named(name).find(|id| self.package(*id).version() == version)
    }
}
