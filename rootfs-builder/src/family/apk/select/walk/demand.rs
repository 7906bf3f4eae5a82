//! What one word does to those who answer to its name.

use super::{Source, Walk};
use crate::family::apk::index::PackageId;
use crate::family::apk::select::graph::{Link, NameId, Provider};
use crate::family::apk::select::tags::Tags;

impl<'u> Walk<'_, 'u> {
    /// Excludes what the word does not mean, and allows what it means wherever its owner may be from.
    pub(super) fn demand(&mut self, source: Source, link: &Link<'u>) {
        let graph = self.graph;
        if !link.word.is_conflict {
            self.count_demand(link.name);
        }
        let owner = match source {
            Source::Request(_) => None,
            Source::Package(package) => Some(package),
        };
        for &provider in graph.providers(link.name) {
            if graph.fits(owner, &link.word, provider) {
                if self.package(provider.package).exclusions > 0 {
                    self.close(provider.package);
                }
                self.allow(provider.package, source);
            } else {
                self.package_mut(provider.package).exclusions += 1;
                self.close(provider.package);
            }
        }
    }

    /// Notes that a name is asked for; the first time, much hangs on that.
    pub(super) fn count_demand(&mut self, name: NameId) {
        self.name_mut(name).demands += 1;
        if self.name(name).demands == 1 {
            self.queue_undecided(name, false);
            self.review_conditionals(name);
            self.queue_changed(name);
        }
    }

    /// Passes on from which repositories a package may come.
    pub(super) fn allow(&mut self, package: PackageId, source: Source) {
        let Some(node) = self.graph.node(package) else { return };
        let (tags, is_request) = match source {
            Source::Request(tags) => (tags, true),
            Source::Package(owner) => (self.package(owner).tags, false),
        };
        let state = self.package_mut(package);
        state.tags.add(tags);
        if is_request {
            state.is_preferred = node.tags.meets(tags);
        }
        state.is_allowed |= node.tags.meets(state.tags);
    }

    /// Puts a package out of the question, if it is not yet.
    pub(super) fn close(&mut self, package: PackageId) {
        let graph = self.graph;
        if std::mem::replace(&mut self.package_mut(package).is_open, false) {
            for call in graph.calls(package) {
                self.review_dependants(call.name);
            }
            self.review_conditionals_of(package);
        }
    }

    /// Looks again at everything that depends on a name.
    pub(super) fn review_dependants(&mut self, name: NameId) {
        for &dependant in self.graph.dependants(name) {
            if self.graph.is_reached(dependant) {
                self.name_mut(dependant).has_new_depends = true;
                self.queue_changed(dependant);
            }
        }
    }

    /// Looks again at everything that has a condition about a name.
    pub(super) fn review_conditionals(&mut self, name: NameId) {
        for &conditional in self.graph.conditionals(name) {
            if self.graph.is_reached(conditional) && !self.name(conditional).is_past_conditions {
                self.name_mut(conditional).has_new_conditions = true;
                self.queue_changed(conditional);
            }
        }
    }

    pub(super) fn review_conditionals_of(&mut self, package: PackageId) {
        for call in self.graph.calls(package) {
            self.review_conditionals(call.name);
        }
    }

    /// Whether someone can still be what a word asks for, or absent if it refuses.
    pub(super) fn can_be_met(&self, owner: PackageId, link: &Link<'u>) -> bool {
        let state = self.name(link.name);
        if state.decision.is_some() {
            return self.is_met(Some(owner), link);
        }
        if state.demands == 0 && link.word.is_conflict {
            return true;
        }
        let can_be = |provider: &Provider<'u>| {
            self.package(provider.package).is_open
                && self.graph.fits(Some(owner), &link.word, *provider)
        };
        self.graph.providers(link.name).iter().any(can_be)
    }

    /// What a decision about a condition allows: where nobody answers, no repository is preferred.
    pub(super) fn source_of(&self, name: NameId) -> Source {
        match self.name(name).decision.flatten() {
            Some(provider) => Source::Package(provider.package),
            None => Source::Request(Tags::NONE),
        }
    }
}
