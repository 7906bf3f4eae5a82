//! Decides who answers to a name.

use super::{Source, Walk};
use crate::family::apk::select::graph::{NameId, Provider};

impl<'u> Walk<'_, 'u> {
    /// Chooses the preferred provider of a name, and with it everything else that it answers to.
    pub(super) fn settle(&mut self, name: NameId) {
        let graph = self.graph;
        let Some(chosen) = self.preferred(name) else {
            self.assign(name, None);
            if self.name(name).demands > 0 {
                self.faults += 1;
            }
            return;
        };
        let package = chosen.package;
        if !self.package(package).is_open || !self.package(package).is_allowed {
            self.fault(package);
        }
        for call in graph.calls(package) {
            self.assign(call.name, Some(Provider { package, version: call.version }));
        }
        for link in graph.depends(package) {
            self.demand(Source::Package(package), link);
        }
    }

    fn preferred(&self, name: NameId) -> Option<Provider<'u>> {
        let state = self.name(name);
        let mut best = None;
        if state.demands == 0 && !state.is_triggered {
            return best;
        }
        for &provider in self.graph.providers(name) {
            let package = self.package(provider.package);
            let is_ready = package.is_triggered && package.is_allowed && package.is_open;
            if (state.demands > 0 || is_ready)
                && self.is_default(provider)
                && best.is_none_or(|best| self.compare(provider, best).is_gt())
            {
                best = Some(provider);
            }
        }
        best
    }

    fn assign(&mut self, name: NameId, provider: Option<Provider<'u>>) {
        if let Some(earlier) = self.name(name).decision {
            let is_plain = |provider: Option<Provider<'u>>| {
                provider.is_none_or(|provider| provider.version.is_none())
            };
            // Any number may answer to a name without a version.
            if !is_plain(provider) || !is_plain(earlier) {
                for faulty in [provider, earlier].into_iter().flatten() {
                    self.fault(faulty.package);
                }
            }
            return;
        }
        self.name_mut(name).decision = Some(provider);
        self.queues.drop(name, self.graph.order(name));
        self.demand_conditions(name, provider);
        self.exclude_rivals(name, provider);
        self.review_dependants(name);
        match provider {
            Some(provider) => self.review_conditionals_of(provider.package),
            None => self.review_conditionals(name),
        }
    }

    /// What is installed on conditions keeps them from changing.
    fn demand_conditions(&mut self, name: NameId, provider: Option<Provider<'u>>) {
        let graph = self.graph;
        let Some(Provider { package, .. }) = provider else { return };
        if self.name(name).demands > 0 || !self.package(package).is_triggered {
            return;
        }
        for link in graph.conditions(package) {
            if self.name(link.name).decision.is_none() {
                self.demand(Source::Package(package), link);
            }
        }
    }

    fn exclude_rivals(&mut self, name: NameId, chosen: Option<Provider<'u>>) {
        let is_plain = chosen.is_none_or(|chosen| chosen.version.is_none());
        for rival in self.graph.providers(name) {
            let is_same = chosen.is_some_and(|chosen| chosen.package == rival.package);
            if !(is_same || is_plain && rival.version.is_none()) {
                self.close(rival.package);
            }
        }
    }
}
