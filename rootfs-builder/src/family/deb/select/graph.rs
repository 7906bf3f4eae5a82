//! What each package needs and refuses, with everything that could be meant looked up.

mod reach;

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use crate::family::deb::index::{IndexError, MultiArch, Package, PackageId, Universe};
use crate::family::deb::relation::{Operator, Qualifier, Relation};
use reach::Reach;

/// What a group of relations asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    PreDepends,
    Depends,
    Conflicts,
    Breaks,
    Recommends,
    Suggests,
}

/// Relations of which one must be met, or for refusals, a single one that must not.
#[derive(Debug)]
pub(super) struct Group<'u> {
    pub kind: Kind,
    pub alternatives: Vec<Alternative<'u>>,
}

/// One relation and the candidates that meet it.
#[derive(Debug)]
pub(super) struct Alternative<'u> {
    pub relation: Relation<'u>,
    pub targets: Vec<PackageId>,
}

/// All packages with one candidate for each name and architecture, linked when first asked for.
pub(super) struct Graph<'u> {
    pub universe: &'u Universe,
    /// The version asked for instead of the default candidate.
    replaced: HashMap<PackageId, PackageId>,
    links: RefCell<HashMap<PackageId, Rc<Vec<Group<'u>>>>>,
    /// The first package that could not be read; whoever walked the graph must ask for it.
    failure: RefCell<Option<IndexError>>,
}

impl Kind {
    /// Whether the package cannot be installed otherwise.
    pub fn is_critical(self) -> bool {
        !matches!(self, Self::Recommends | Self::Suggests)
    }

    /// Whether a target must be absent rather than present.
    pub fn is_negative(self) -> bool {
        matches!(self, Self::Conflicts | Self::Breaks)
    }
}

impl Group<'_> {
    /// All targets of all alternatives, in order.
    pub fn targets(&self) -> impl Iterator<Item = PackageId> + '_ {
        self.alternatives.iter().flat_map(|alternative| alternative.targets.iter().copied())
    }
}

impl<'u> Graph<'u> {
    pub fn new(universe: &'u Universe) -> Self {
        Self {
            universe,
            replaced: HashMap::new(),
            links: RefCell::default(),
            failure: RefCell::default(),
        }
    }

    /// Makes a package the candidate of its name and architecture.
    pub fn set_candidate(&mut self, package: PackageId) {
        self.replaced.insert(self.default_candidate(package), package);
    }

    pub fn is_candidate(&self, package: PackageId) -> bool {
        if self.replaced.is_empty() {
            return self.universe.package(package).is_candidate();
        }
        let default = self.default_candidate(package);
        *self.replaced.get(&default).unwrap_or(&default) == package
    }

    /// The candidates of a name, by architecture in order of preference.
    pub fn candidates_named(&self, name: &str) -> impl Iterator<Item = PackageId> + '_ {
        let mut previous = None;
        let defaults = self.universe.named(name).filter(move |&id| {
            let arch = self.universe.package(id).arch_rank();
            previous.replace(arch) != Some(arch)
        });
        defaults.map(|id| *self.replaced.get(&id).unwrap_or(&id))
    }

    /// Everything that a package needs and refuses, in the order in which apt considers it.
    pub fn links(&self, package: PackageId) -> Rc<Vec<Group<'u>>> {
        if let Some(links) = self.links.borrow().get(&package) {
            return Rc::clone(links);
        }
        let links = Rc::new(self.read_links(package));
        self.links.borrow_mut().insert(package, Rc::clone(&links));
        links
    }

    /// What a package suggests, which only the sweep asks for.
    pub fn suggestions(&self, package: PackageId) -> Vec<Group<'u>> {
        self.read_field(package, Kind::Suggests, "Suggests")
    }

    /// Returns the first failure to read a package, once.
    pub fn take_failure(&self) -> Option<IndexError> {
        self.failure.borrow_mut().take()
    }

    fn default_candidate(&self, package: PackageId) -> PackageId {
        let view = self.universe.package(package);
        let mut versions = self.universe.named(view.name());
        versions
            .find(|&id| self.universe.package(id).arch_rank() == view.arch_rank())
            .unwrap_or(package)
    }

    fn read_links(&self, package: PackageId) -> Vec<Group<'u>> {
        let fields = [
            (Kind::PreDepends, "Pre-Depends"),
            (Kind::Depends, "Depends"),
            (Kind::Conflicts, "Conflicts"),
            (Kind::Breaks, "Breaks"),
            (Kind::Recommends, "Recommends"),
        ];
        let groups =
            fields.into_iter().flat_map(|(kind, field)| self.read_field(package, kind, field));
        let mut links: Vec<_> = groups.collect();
        links.extend(self.siblings(package));
        links
    }

    fn read_field(&self, package: PackageId, kind: Kind, field: &'static str) -> Vec<Group<'u>> {
        let view = self.universe.package(package);
        let groups = view.relations(field).unwrap_or_else(|error| {
            self.failure.borrow_mut().get_or_insert(error);
            vec![]
        });
        let group = |relations: Vec<Relation<'u>>| {
            let alternatives = relations.into_iter().map(|relation| Alternative {
                targets: self.targets(view, kind, &relation),
                relation,
            });
            Group { kind, alternatives: alternatives.collect() }
        };
        groups.into_iter().map(group).collect()
    }

    fn targets(&self, owner: Package<'u>, kind: Kind, relation: &Relation<'_>) -> Vec<PackageId> {
        let reach = Reach::new(self.universe, owner, kind, relation);
        let mut targets: Vec<_> = self
            .candidates_named(relation.name)
            .filter(|&id| reach.takes_package(self.universe.package(id)))
            .collect();
        for (provider, provided) in self.universe.providers(relation.name) {
            let view = self.universe.package(provider);
            let is_new = reach.takes_provider(view, &provided) && !targets.contains(&provider);
            if is_new && self.is_candidate(provider) {
                targets.push(provider);
            }
        }
        targets
    }

    /// Refusals that nobody writes: of the same package for another architecture, unless both are
    /// `Multi-Arch: same` in the same version.
    fn siblings(&self, package: PackageId) -> Vec<Group<'u>> {
        let view = self.universe.package(package);
        let mut groups = Vec::new();
        for other in self.candidates_named(view.name()) {
            let sibling = self.universe.package(other);
            let is_same = view.multi_arch() == MultiArch::Same;
            let fits = is_same && sibling.version() == view.version();
            if sibling.arch_rank() == view.arch_rank() || fits {
                continue;
            }
            let relation = Relation {
                name: view.name(),
                qualifier: Qualifier::Named(sibling.slot_arch()),
                bound: is_same.then_some((Operator::Equal, sibling.version())),
            };
            let kind = if is_same { Kind::Breaks } else { Kind::Conflicts };
            let alternatives = vec![Alternative { relation, targets: vec![other] }];
            groups.push(Group { kind, alternatives });
        }
        groups
    }
}
