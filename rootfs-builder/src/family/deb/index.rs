//! Package indexes: every package that the repositories offer, borrowed from the indexes' bytes.

mod package;
mod parse;
mod sort;

use std::cmp::Ordering;
use std::ops::Range;

pub use package::Package;

use super::relation::{self, Relation, RelationError};
use sort::Key;

/// One decompressed `Packages` file and how much it is trusted to be chosen from.
#[derive(Debug)]
pub struct Index {
    /// What the file is called in errors: an address or a path.
    pub label: String,
    /// How candidates from here rank: [`Index::PIN_DEFAULT`] unless the release says otherwise.
    pub pin: i16,
    /// The whole file.
    pub bytes: Vec<u8>,
}

impl Index {
    /// The rank of an ordinary release.
    pub const PIN_DEFAULT: i16 = 500;
    /// The rank of a release marked `NotAutomatic` and `ButAutomaticUpgrades`, as backports are.
    pub const PIN_BACKPORTS: i16 = 100;
    /// The rank of a release marked `NotAutomatic`, as experimental is.
    pub const PIN_EXPERIMENTAL: i16 = 1;
}

/// An index that cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// A paragraph lacks something or has a value that no package may have.
    #[error("{index}: the package at byte {position} has no valid {field}")]
    Field {
        /// The index's label.
        index: String,
        /// Where the paragraph starts.
        position: usize,
        /// The name of the field.
        field: &'static str,
    },
    /// A field of relations cannot be read.
    #[error("{index}: the package at byte {position} has a malformed field {field}")]
    Relation {
        /// The index's label.
        index: String,
        /// Where the paragraph starts.
        position: usize,
        /// The name of the field.
        field: &'static str,
        /// What is wrong with it.
        source: RelationError,
    },
    /// The index is larger than any real one.
    #[error("{index}: larger than {limit} bytes")]
    TooLarge {
        /// The index's label.
        index: String,
        /// The limit that was passed.
        limit: usize,
    },
}

/// A package of one [`Universe`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PackageId(pub(super) u32);

/// How a package deals with other architectures.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MultiArch {
    /// Serves only packages of its own architecture.
    No,
    /// Can be installed for several architectures at once, in one version.
    Same,
    /// Serves packages of every architecture.
    Foreign,
    /// Serves packages of every architecture that say `:any`.
    Allowed,
}

/// How much a system needs a package, as the archive sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    /// The field is missing.
    Unset,
    /// `required`
    Required,
    /// `important`
    Important,
    /// `standard`
    Standard,
    /// `optional`
    Optional,
    /// `extra`, and everything unknown.
    Extra,
}

/// Every package that the repositories offer, for the native and the foreign architectures.
#[derive(Debug)]
pub struct Universe {
    indexes: Vec<Index>,
    /// The architectures that packages are taken of; the native one is first.
    archs: Vec<String>,
    /// All packages in the order in which the indexes list them.
    records: Vec<Record>,
    /// The records by name, then architecture, then preference.
    by_name: Vec<u32>,
    /// Everything provided, by name.
    provides: Vec<Provide>,
}

#[derive(Debug, Clone, Copy)]
struct Record {
    index: u16,
    /// Position in [`Universe::archs`]; architecture `all` counts as native.
    arch: u8,
    is_for_all_archs: bool,
    is_essential: bool,
    is_important: bool,
    /// Whether the package is the best of its name and architecture.
    is_candidate: bool,
    multi_arch: MultiArch,
    priority: Priority,
    paragraph: Span,
    name: Span,
    version: Span,
    name_key: Key,
}

/// A piece of an index.
#[derive(Debug, Clone, Copy)]
struct Span {
    start: u32,
    end: u32,
}

#[derive(Debug, Clone, Copy)]
struct Provide {
    owner: PackageId,
    /// The whole relation within the owner's index.
    relation: Span,
    name_length: u16,
    name_key: Key,
}

impl Universe {
    /// Reads the indexes, in the order in which the repositories are configured.
    ///
    /// Packages of other architectures than `native` and `foreign` are passed over.
    pub fn read(native: &str, foreign: &[&str], indexes: Vec<Index>) -> Result<Self, IndexError> {
        let archs = std::iter::once(native).chain(foreign.iter().copied());
        let archs = archs.map(str::to_owned).collect();
        let mut universe =
            Self { indexes, archs, records: vec![], by_name: vec![], provides: vec![] };
        for number in 0..universe.indexes.len() {
            universe.read_index(number)?;
        }
        universe.sort();
        Ok(universe)
    }

    /// The architectures that packages are taken of; the native one is first.
    pub fn archs(&self) -> &[String] {
        &self.archs
    }

    /// How many packages there are, in all versions.
    pub fn len(&self) -> usize {
        self.records.len()
    }

    /// Whether there is no package at all.
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// Returns a view of one package.
    pub fn package(&self, id: PackageId) -> Package<'_> {
        Package { universe: self, record: &self.records[id.0 as usize] }
    }

    /// Lists every package that would be installed if asked for by name, in index order.
    pub fn candidates(&self) -> impl Iterator<Item = PackageId> + '_ {
        let numbers = (0..).map(PackageId).zip(&self.records);
        numbers.filter(|(_, record)| record.is_candidate).map(|(id, _)| id)
    }

    /// Lists the packages of a name by architecture, the candidate first among its versions.
    pub fn named(&self, name: &str) -> impl DoubleEndedIterator<Item = PackageId> + '_ {
        let key = Key::new(name.as_bytes());
        let range = equal_range(&self.by_name, |&id| {
            let keys = self.records[id as usize].name_key.cmp(&key);
            keys.then_with(|| self.name_bytes(id).cmp(name.as_bytes()))
        });
        self.by_name[range].iter().map(|&id| PackageId(id))
    }

    /// Lists what provides a virtual package: the provider, and what it wrote.
    pub fn providers(&self, name: &str) -> impl Iterator<Item = (PackageId, Relation<'_>)> {
        let key = Key::new(name.as_bytes());
        let range = equal_range(&self.provides, |provide| {
            let keys = provide.name_key.cmp(&key);
            keys.then_with(|| self.provided_name(provide).cmp(name.as_bytes()))
        });
        self.provides[range].iter().filter_map(|provide| {
            let text = self.text(self.package(provide.owner).record.index, provide.relation);
            // What cannot be read was refused when the index was.
            Some((provide.owner, relation::parse_single(text.as_bytes()).ok()?))
        })
    }

    /// The indexes' bytes, in the order in which the repositories are configured.
    pub(super) fn texts(&self) -> impl Iterator<Item = &[u8]> {
        self.indexes.iter().map(|index| index.bytes.as_slice())
    }

    fn name_bytes(&self, id: u32) -> &[u8] {
        let record = &self.records[id as usize];
        self.bytes(record.index, record.name)
    }

    fn provided_name(&self, provide: &Provide) -> &[u8] {
        let text = self.bytes(self.records[provide.owner.0 as usize].index, provide.relation);
        &text[..usize::from(provide.name_length)]
    }

    fn bytes(&self, index: u16, span: Span) -> &[u8] {
        &self.indexes[usize::from(index)].bytes[span.start as usize..span.end as usize]
    }

    fn text(&self, index: u16, span: Span) -> &str {
        // Every span was checked to be ASCII when it was made.
        std::str::from_utf8(self.bytes(index, span)).unwrap_or_default()
    }
}

fn equal_range<T>(sorted: &[T], compare: impl Fn(&T) -> Ordering) -> Range<usize> {
    let start = sorted.partition_point(|item| compare(item).is_lt());
    let length = sorted[start..].iter().take_while(|item| compare(item).is_eq()).count();
    start..start + length
}

#[cfg(test)]
mod tests;
