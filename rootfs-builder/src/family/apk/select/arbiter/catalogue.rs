//! The packages as the solver sees them.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use solver::{Catalogue, Need, Refusal};

use crate::family::apk::index::PackageId;
use crate::family::apk::select::graph::{Call, Graph, Link, Provider};
use crate::family::apk::select::tags::Tags;
use crate::family::apk::select::walk::{Outcome, Wanted, compare_offers};

/// Everything that the request can reach, and what must not be chosen of it.
pub(super) struct Packages<'a, 'u> {
    pub graph: &'a Graph<'u>,
    pub wanted: &'a [Wanted<'u>],
    outcome: &'a Outcome,
    /// What was chosen in an earlier round without a reason of its own.
    pub barred: BTreeSet<PackageId>,
}

impl<'a, 'u> Packages<'a, 'u> {
    pub fn new(graph: &'a Graph<'u>, wanted: &'a [Wanted<'u>], outcome: &'a Outcome) -> Self {
        Self { graph, wanted, outcome, barred: BTreeSet::new() }
    }

    /// What must be met: the request's words, and more packages `besides`.
    pub fn request(&self, besides: &[PackageId]) -> Vec<Need> {
        let words = self.wanted.iter().filter(|wanted| !wanted.link.word.is_conflict);
        let words = words.map(|wanted| self.need(None, &wanted.link, wanted.tags));
        let besides = besides.iter().map(|&package| Need {
            text: self.name(package),
            any_of: vec![package],
            instead: String::new(),
        });
        words.chain(besides).collect()
    }

    /// Whether a set is what the request's words ask for.
    pub fn meets_request(&self, chosen: &BTreeSet<PackageId>) -> bool {
        self.wanted.iter().all(|wanted| self.is_met(None, &wanted.link, chosen))
    }

    /// Whether a set has what a word asks for, or nothing that it refuses.
    pub fn is_met(
        &self,
        owner: Option<PackageId>,
        link: &Link<'u>,
        chosen: &BTreeSet<PackageId>,
    ) -> bool {
        let mut there =
            self.graph.providers(link.name).iter().filter(|one| chosen.contains(&one.package));
        let fits = |one: &Provider<'u>| self.graph.fits(owner, &link.word, *one);
        if link.word.is_conflict { there.all(fits) } else { there.any(fits) }
    }

    /// Whether a package cannot be chosen, whatever else is.
    pub fn is_out(&self, package: PackageId) -> bool {
        self.outcome.disallowed.contains(&package)
            || self.barred.contains(&package)
            || self.is_forbidden(package)
    }

    fn is_forbidden(&self, package: PackageId) -> bool {
        let refused = self.wanted.iter().filter(|wanted| wanted.link.word.is_conflict);
        refused.into_iter().any(|wanted| {
            self.providers_meant(None, &wanted.link).any(|one| one.package == package)
        })
    }

    /// Who is what a word asks for; or what it refuses, if it does.
    fn providers_meant(
        &self,
        owner: Option<PackageId>,
        link: &Link<'u>,
    ) -> impl Iterator<Item = Provider<'u>> {
        let providers = self.graph.providers(link.name).iter().copied();
        let is_conflict = link.word.is_conflict;
        let word = link.word;
        providers.filter(move |&one| self.graph.fits(owner, &word, one) != is_conflict)
    }

    fn need(&self, owner: Option<PackageId>, link: &Link<'u>, tags: Tags) -> Need {
        let meant: Vec<_> = self.providers_meant(owner, link).collect();
        let mut fit: Vec<_> =
            meant.iter().copied().filter(|one| !self.is_out(one.package)).collect();
        fit.sort_by(|&left, &right| compare_offers(self.graph, right, left));
        fit.sort_by_key(|one| {
            let node = self.graph.node(one.package);
            let is_preferred = node.is_some_and(|node| node.tags.meets(tags));
            let is_favoured = self.outcome.chosen.contains(&one.package);
            Reverse((is_favoured, self.is_default(*one), is_preferred))
        });
        let mut seen = BTreeSet::new();
        fit.retain(|one| seen.insert(one.package));
        let instead = if fit.is_empty() { self.instead(link, &meant) } else { String::new() };
        let any_of = fit.into_iter().map(|one| one.package).collect();
        Need { text: link.word.to_string(), any_of, instead }
    }

    /// Whether a package may be chosen for a name without being asked for by its own.
    pub fn is_default(&self, provider: Provider<'u>) -> bool {
        let priority = self.graph.node(provider.package).map_or(0, |node| node.priority);
        provider.version.is_some() || priority > 0
    }

    /// What there is where nothing meets a need.
    fn instead(&self, link: &Link<'u>, meant: &[Provider<'u>]) -> String {
        let providers = self.graph.providers(link.name);
        if providers.is_empty() {
            return "there is no such package".to_owned();
        }
        if meant.is_empty() {
            let versions = providers.iter().map(|one| one.version.unwrap_or("one without version"));
            return format!("only {} is available", versions.collect::<Vec<_>>().join(", "));
        }
        if let Some(one) = meant.iter().find(|one| !self.is_forbidden(one.package)) {
            let tags = self.graph.node(one.package).map(|node| node.tags).unwrap_or_default();
            let tags: Vec<_> = tags.numbers().filter_map(|tag| self.graph.tags.get(tag)).collect();
            let full_name = self.full_name(one.package);
            return match tags[..] {
                [] => format!("{full_name} cannot be taken"),
                [tag, ..] => format!("{full_name} is only in repositories with the tag {tag}"),
            };
        }
        "the request forbids it".to_owned()
    }

    pub fn full_name(&self, package: PackageId) -> String {
        format!("{} {}", self.name(package), self.version(package))
    }

    /// Who cannot be there because of what a package answers to.
    fn rivals(&self, package: PackageId, call: &Call<'u>) -> Vec<PackageId> {
        let name_of = |id: PackageId| self.graph.node(id).map(|node| node.name);
        let own = name_of(package);
        let providers = self.graph.providers(call.name).iter();
        let rivals = providers.filter(|one| {
            (call.version.is_some() || one.version.is_some()) && name_of(one.package) != own
        });
        rivals.map(|one| one.package).collect()
    }

    /// The name that a package answers to twice, where it may do so only once.
    fn name_taken_twice(&self, package: PackageId) -> Option<&'u str> {
        let calls = self.graph.calls(package);
        let mut seen: Vec<(_, bool)> =
            calls.iter().map(|call| (call.name, call.version.is_none())).collect();
        // Those with a version come first, so that one stands before every second of its name.
        seen.sort_unstable();
        let twice = seen.windows(2).find(|pair| pair[0].0 == pair[1].0 && !pair[0].1)?;
        Some(self.graph.text(twice[0].0))
    }
}

impl Catalogue for Packages<'_, '_> {
    fn name(&self, package: PackageId) -> String {
        self.graph.universe.package(package).name().to_owned()
    }

    fn version(&self, package: PackageId) -> String {
        self.graph.universe.package(package).version().to_owned()
    }

    fn versions(&self, package: PackageId) -> Vec<PackageId> {
        let Some(node) = self.graph.node(package) else { return vec![package] };
        let own = |one: &&Provider<'_>| {
            self.graph.node(one.package).is_some_and(|other| other.name == node.name)
        };
        let mut versions: Vec<_> =
            self.graph.providers(node.name).iter().filter(own).map(|one| one.package).collect();
        versions.dedup();
        versions
    }

    fn needs(&self, package: PackageId) -> Vec<Need> {
        let links = self.graph.depends(package).iter().filter(|link| !link.word.is_conflict);
        let mut needs: Vec<_> =
            links.map(|link| self.need(Some(package), link, Tags::UNTAGGED)).collect();
        if self.graph.node(package).is_none_or(|node| !node.is_legible) {
            needs.push(Need {
                text: "something".to_owned(),
                any_of: vec![],
                instead: "its list of dependencies cannot be read".to_owned(),
            });
        }
        if let Some(name) = self.name_taken_twice(package) {
            needs.push(Need {
                text: format!("to be the only {name}"),
                any_of: vec![],
                instead: "it says twice that it is one".to_owned(),
            });
        }
        needs
    }

    fn refusals(&self, package: PackageId) -> Vec<Refusal> {
        let links = self.graph.depends(package).iter().filter(|link| link.word.is_conflict);
        let conflicts = links.map(|link| Refusal {
            text: format!("conflicts with {}", link.word.to_string().trim_start_matches('!')),
            packages: self.providers_meant(Some(package), link).map(|one| one.package).collect(),
        });
        let calls = self.graph.calls(package).iter().map(|call| Refusal {
            text: format!("excludes whatever else is called {}", self.graph.text(call.name)),
            packages: self.rivals(package, call),
        });
        conflicts.chain(calls).filter(|refusal| !refusal.packages.is_empty()).collect()
    }
}
