//! One package as its index describes it.

use super::{IndexError, MultiArch, PackageId, Priority, Record, Universe};
use crate::family::deb::relation::{self, Relation};

/// A view of one package of a universe.
#[derive(Debug, Clone, Copy)]
pub struct Package<'a> {
    pub(super) universe: &'a Universe,
    pub(super) record: &'a Record,
}

impl<'a> Package<'a> {
    /// The package's name.
    pub fn name(&self) -> &'a str {
        self.universe.text(self.record.index, self.record.name)
    }

    /// The package's version.
    pub fn version(&self) -> &'a str {
        self.universe.text(self.record.index, self.record.version)
    }

    /// The architecture as the package writes it: `all` for none.
    pub fn arch(&self) -> &'a str {
        if self.record.is_for_all_archs { "all" } else { self.slot_arch() }
    }

    /// The architecture that the package counts as: the native one for `all`.
    pub fn slot_arch(&self) -> &'a str {
        &self.universe.archs[usize::from(self.record.arch)]
    }

    /// The position of the architecture that the package counts as; 0 is the native one.
    pub fn arch_rank(&self) -> u8 {
        self.record.arch
    }

    /// The name, with the architecture where it is a foreign one.
    pub fn full_name(&self) -> String {
        match self.record.arch {
            0 => self.name().to_owned(),
            _ => format!("{}:{}", self.name(), self.slot_arch()),
        }
    }

    /// Whether the package is the one taken among its versions unless another is asked for.
    pub fn is_candidate(&self) -> bool {
        self.record.is_candidate
    }

    /// How the package deals with other architectures.
    pub fn multi_arch(&self) -> MultiArch {
        self.record.multi_arch
    }

    /// Whether a package of that architecture can depend on this one without further words.
    pub fn serves(&self, arch: &str) -> bool {
        self.slot_arch() == arch || self.multi_arch() == MultiArch::Foreign
    }

    /// The archive's idea of how much a system needs the package.
    pub fn priority(&self) -> Priority {
        self.record.priority
    }

    /// Whether no system may lack the package.
    pub fn is_essential(&self) -> bool {
        self.record.is_essential
    }

    /// Whether the package is protected from removal without being essential.
    pub fn is_important(&self) -> bool {
        self.record.is_important
    }

    /// The number of the index that offers the package, as the indexes were given.
    pub fn index(&self) -> usize {
        usize::from(self.record.index)
    }

    /// The rank of the index that offers the package.
    pub fn pin(&self) -> i16 {
        self.universe.indexes[self.index()].pin
    }

    /// The whole paragraph.
    pub fn paragraph(&self) -> &'a [u8] {
        self.universe.bytes(self.record.index, self.record.paragraph)
    }

    /// Returns the value of a field, folded lines included.
    pub fn field(&self, name: &str) -> Option<&'a [u8]> {
        let paragraph = self.paragraph();
        let mut found: Option<(usize, usize)> = None;
        let mut start = 0;
        for end in memchr::memchr_iter(b'\n', paragraph).chain([paragraph.len()]) {
            let line = &paragraph[start..end];
            match (&mut found, line.first()) {
                (Some((_, value_end)), Some(b' ' | b'\t')) => *value_end = end,
                (Some(_), _) => break,
                (None, _) => {
                    if has_name(line, name) {
                        found = Some((start + name.len() + 1, end));
                    }
                }
            }
            start = (end + 1).min(paragraph.len());
        }
        found.map(|(from, to)| paragraph[from..to].trim_ascii())
    }

    /// Reads a field of relations; none if it is missing.
    pub fn relations(&self, field: &'static str) -> Result<Vec<Vec<Relation<'a>>>, IndexError> {
        relation::parse(self.field(field).unwrap_or_default()).map_err(|source| {
            IndexError::Relation {
                index: self.universe.indexes[self.index()].label.clone(),
                position: self.record.paragraph.start as usize,
                field,
                source,
            }
        })
    }
}

impl Universe {
    /// Looks a package up by everything that identifies it.
    pub fn find(&self, name: &str, version: &str, arch: &str) -> Option<PackageId> {
        self.named(name).find(|&id| {
            let package = self.package(id);
            package.version() == version && package.arch() == arch
        })
    }
}

fn has_name(line: &[u8], name: &str) -> bool {
    line.get(name.len()) == Some(&b':') && line[..name.len()].eq_ignore_ascii_case(name.as_bytes())
}
