//! Names, what is called by them and what asks for them, as far as a request can reach.

mod discover;
mod load;

use std::collections::HashMap;
use std::ops::Range;

use super::tags::{Tags, TooManyTags};
use crate::family::apk::dependency::{Dependency, Operator};
use crate::family::apk::index::{PackageId, Universe};

/// A name that packages have, provide or ask for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct NameId(u32);

/// One word of a package or of the request, with its name looked up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Link<'u> {
    pub name: NameId,
    pub word: Dependency<'u>,
}

/// A package that answers to a name; without a version, it is one of several that may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Provider<'u> {
    pub package: PackageId,
    pub version: Option<&'u str>,
}

/// A name that a package answers to; its own name comes with its own version.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call<'u> {
    pub name: NameId,
    pub version: Option<&'u str>,
}

/// What the order of decisions follows: the greatest is decided first.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Order {
    is_requested: bool,
    is_a_package: bool,
    /// Grows from the leaves of the dependencies to the request.
    number: u32,
}

#[derive(Debug, Default)]
struct Name<'u> {
    text: &'u str,
    providers: Vec<Provider<'u>>,
    /// The names whose packages depend on this one.
    dependants: Vec<NameId>,
    /// The names whose packages are installed on a condition about this one.
    conditionals: Vec<NameId>,
    order: Order,
    has_providers: bool,
    is_reached: bool,
}

/// A package with its words read.
#[derive(Debug)]
pub(super) struct Node<'u> {
    pub name: NameId,
    pub version: &'u str,
    pub tags: Tags,
    /// Whether it may come from a tagged repository without being asked for there.
    pub is_empty: bool,
    /// Whether its words could be read.
    pub is_legible: bool,
    pub priority: u32,
    calls: Range<usize>,
    depends: Range<usize>,
    conditions: Range<usize>,
}

/// Everything that a request can reach.
pub(super) struct Graph<'u> {
    pub universe: &'u Universe,
    pub tags: Vec<&'u str>,
    numbers: HashMap<&'u str, NameId>,
    names: Vec<Name<'u>>,
    nodes: Vec<Option<Node<'u>>>,
    links: Vec<Link<'u>>,
    calls: Vec<Call<'u>>,
}

impl<'u> Graph<'u> {
    /// Knows no name yet but those of packages that are installed on conditions.
    pub fn new(universe: &'u Universe) -> Result<Self, TooManyTags> {
        let mut graph = Self {
            universe,
            tags: super::tags::all(universe)?,
            numbers: HashMap::with_capacity(universe.len()),
            names: Vec::new(),
            nodes: Vec::new(),
            links: Vec::new(),
            calls: Vec::new(),
        };
        graph.nodes.resize_with(universe.len(), || None);
        graph.read_conditions();
        Ok(graph)
    }

    /// The number of names.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    pub fn link(&mut self, word: Dependency<'u>) -> Link<'u> {
        Link { name: self.intern(word.name), word }
    }

    pub fn text(&self, name: NameId) -> &'u str {
        self.names[name.index()].text
    }

    /// The packages that answer to a name, in the order of the indexes.
    pub fn providers(&self, name: NameId) -> &[Provider<'u>] {
        &self.names[name.index()].providers
    }

    pub fn dependants(&self, name: NameId) -> &[NameId] {
        &self.names[name.index()].dependants
    }

    pub fn conditionals(&self, name: NameId) -> &[NameId] {
        &self.names[name.index()].conditionals
    }

    pub fn order(&self, name: NameId) -> Order {
        self.names[name.index()].order
    }

    pub fn is_reached(&self, name: NameId) -> bool {
        self.names[name.index()].is_reached
    }

    pub fn reached_names(&self) -> impl Iterator<Item = NameId> {
        (0..).map(NameId).take(self.names.len()).filter(|&name| self.is_reached(name))
    }

    /// The node of a package that is reached; none of any other.
    pub fn node(&self, package: PackageId) -> Option<&Node<'u>> {
        self.nodes[package.0 as usize].as_ref()
    }

    /// Every package that is reached, in the order of the indexes.
    pub fn reached(&self) -> impl Iterator<Item = (PackageId, &Node<'u>)> {
        let numbers = (0..).map(PackageId).zip(&self.nodes);
        numbers.filter_map(|(package, node)| Some((package, node.as_ref()?)))
    }

    /// Everything that a package answers to, its own name first.
    pub fn calls(&self, package: PackageId) -> &[Call<'u>] {
        self.node(package).map(|node| &self.calls[node.calls.clone()]).unwrap_or_default()
    }

    /// What a package needs and refuses.
    pub fn depends(&self, package: PackageId) -> &[Link<'u>] {
        self.node(package).map(|node| &self.links[node.depends.clone()]).unwrap_or_default()
    }

    /// What must be so for a package to be installed by itself; nothing if it never is.
    pub fn conditions(&self, package: PackageId) -> &[Link<'u>] {
        self.node(package).map(|node| &self.links[node.conditions.clone()]).unwrap_or_default()
    }

    /// Whether `provider` is what `owner` asks for with a word, or is not what it refuses.
    pub fn fits(
        &self,
        owner: Option<PackageId>,
        word: &Dependency<'_>,
        provider: Provider<'u>,
    ) -> bool {
        if word.is_conflict && owner == Some(provider.package) {
            return true;
        }
        self.is_meant(word, provider) != word.is_conflict
    }

    fn is_meant(&self, word: &Dependency<'_>, provider: Provider<'u>) -> bool {
        match (word.bound, provider.version) {
            (Some((Operator::Checksum, _)), _) => {
                let package = self.universe.package(provider.package);
                word.accepts_package(package.version(), &package.checksum())
            }
            // What has no version is below all that have one.
            (Some((operator, _)), None) => {
                matches!(operator, Operator::Less | Operator::LessEqual | Operator::FuzzyLess)
            }
            (_, version) => word.accepts(version),
        }
    }
}

impl NameId {
    pub fn index(self) -> usize {
        self.0 as usize
    }
}
