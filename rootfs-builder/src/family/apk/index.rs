//! Package indexes: every package that the repositories offer, borrowed from the indexes' text.

mod open;
mod package;
mod parse;
mod sort;
#[cfg(test)]
mod tests;

use std::ops::Range;

pub use open::{OpenIndexError, VerifiedIndex, open_index, open_unverified_index};
pub use package::Package;
pub(super) use parse::is_package_name;
pub use solver::PackageId;

use super::checksum::Checksum;
use super::dependency::DependencyError;

/// One plain index.
#[derive(Debug, Clone, Default)]
pub struct Index {
    /// What the index is called in errors: an address or a path.
    pub label: String,
    /// The tag of the repository; without it, everyone may take packages from here.
    pub tag: Option<String>,
    /// All of its text.
    pub bytes: Vec<u8>,
}

/// An index that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// A package lacks something, or has a value that no package may have.
    #[error("{index}: the package at byte {position} has no valid {field}")]
    Field {
        /// The index's label.
        index: String,
        /// Where the package's lines start.
        position: usize,
        /// What the field means.
        field: &'static str,
    },
    /// A word of a list cannot be read.
    #[error("{index}: the package at byte {position} has a malformed list of {field}")]
    Dependency {
        /// The index's label.
        index: String,
        /// Where the package's lines start.
        position: usize,
        /// What the field means.
        field: &'static str,
        /// What is wrong with it.
        source: DependencyError,
    },
    /// The index is not text.
    #[error("{index}: it is not text: byte {position}")]
    NotText {
        /// The index's label.
        index: String,
        /// Where the first bytes are that are no text.
        position: usize,
    },
    /// The index is larger than any real one.
    #[error("{index}: larger than {limit} bytes")]
    TooLarge {
        /// The index's label.
        index: String,
        /// The limit that was passed.
        limit: usize,
    },
    /// There are more packages, or they provide more, than in all real ones together.
    #[error("{index}: more {what} than {limit}")]
    TooMany {
        /// The index's label.
        index: String,
        /// What there is too much of.
        what: &'static str,
        /// The limit that was passed.
        limit: usize,
    },
}

/// Every package that the repositories offer for one architecture.
#[derive(Debug)]
pub struct Universe {
    indexes: Vec<Label>,
    texts: Vec<String>,
    /// All packages in the order in which the indexes list them.
    records: Vec<Record>,
    /// The records by name, the latest version first.
    by_name: Vec<Named>,
    /// Everything provided, by name.
    provides: Vec<Provide>,
    /// The packages with a condition to be installed on.
    conditional: Vec<PackageId>,
}

#[derive(Debug)]
struct Label {
    label: String,
    tag: Option<String>,
}

#[derive(Debug, Clone, Copy)]
struct Record {
    index: u16,
    lines: Span,
    name: Span,
    version: Span,
    checksum: Checksum,
    depends: Span,
    provides: Span,
    install_if: Span,
    size: u64,
    installed_size: u64,
    provider_priority: Option<u32>,
    is_for_all_archs: bool,
}

/// A piece of an index's text.
#[derive(Debug, Clone, Copy, Default)]
struct Span {
    start: u32,
    end: u32,
}

#[derive(Debug, Clone, Copy)]
struct Named {
    key: u64,
    id: u32,
}

#[derive(Debug, Clone, Copy)]
struct Provide {
    key: u64,
    owner: u32,
    word: Span,
}

impl Universe {
    /// Reads the indexes in the order of the repositories: where versions are equal, the first is
    /// preferred.
    ///
    /// Packages of other architectures than `arch` are passed over, and so are those that need
    /// a newer program to be understood.
    pub fn read(arch: &str, indexes: Vec<Index>) -> Result<Self, IndexError> {
        let mut universe = Self {
            indexes: vec![],
            texts: vec![],
            records: vec![],
            by_name: vec![],
            provides: vec![],
            conditional: vec![],
        };
        for index in indexes {
            universe.read_index(arch, index)?;
        }
        universe.sort();
        Ok(universe)
    }

    /// How many packages there are, in all versions.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there is no package at all.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// All packages, as the indexes list them.
    pub fn ids(&self) -> impl Iterator<Item = PackageId> + use<> {
        (0..self.records.len() as u32).map(PackageId)
    }

    /// Returns a view of one package of this universe.
    pub fn package(&self, id: PackageId) -> Package<'_> {
        Package { universe: self, record: &self.records[id.0 as usize] }
    }

    /// Lists the packages of a name, the latest version first.
    pub fn named(&self, name: &str) -> impl Iterator<Item = PackageId> {
        let range = equal_range(&self.by_name, sort::key(name), |named| named.key);
        let ids = self.by_name[range].iter().map(|named| PackageId(named.id));
        ids.filter(move |id| self.package(*id).name() == name)
    }

    /// Lists the packages that provide a name besides their own, and the version that each gives it.
    pub fn providers(&self, name: &str) -> impl Iterator<Item = (PackageId, Option<&str>)> {
        let range = equal_range(&self.provides, sort::key(name), |provide| provide.key);
        self.provides[range].iter().filter_map(move |provide| {
            let owner = PackageId(provide.owner);
            let word = self.text(self.records[provide.owner as usize].index, provide.word);
            let version = word.strip_prefix(name)?;
            match version.strip_prefix('=') {
                Some(version) => Some((owner, Some(version))),
                None if version.is_empty() => Some((owner, None)),
                None => None,
            }
        })
    }

    /// Lists the packages that are installed as soon as others are.
    pub fn conditional(&self) -> impl Iterator<Item = PackageId> {
        self.conditional.iter().copied()
    }

    /// Lists the tags of the repositories, whether or not they have packages.
    pub fn tags(&self) -> impl Iterator<Item = &str> {
        self.indexes.iter().filter_map(|index| index.tag.as_deref())
    }

    fn text(&self, index: u16, span: Span) -> &str {
        let text = self.texts.get(usize::from(index)).map(String::as_str).unwrap_or_default();
        text.get(span.start as usize..span.end as usize).unwrap_or_default()
    }
}

fn equal_range<T>(sorted: &[T], key: u64, key_of: impl Fn(&T) -> u64) -> Range<usize> {
    let start = sorted.partition_point(|item| key_of(item) < key);
    let length = sorted[start..].iter().take_while(|item| key_of(item) == key).count();
    start..start + length
}
