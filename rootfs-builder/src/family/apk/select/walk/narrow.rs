//! Draws conclusions from what can still be chosen for a name.

use super::{Source, Walk};
use crate::family::apk::index::PackageId;
use crate::family::apk::select::graph::{Call, Link, NameId, Provider};

/// What can be chosen for a name at the moment.
#[derive(Debug, Default)]
struct Survey<'u> {
    options: Vec<Provider<'u>>,
    has_default: bool,
    is_triggered: bool,
    is_past_conditions: bool,
    has_disallowed: bool,
}

impl<'u> Walk<'_, 'u> {
    /// Looks again at a name whose circumstances have changed.
    pub(super) fn narrow(&mut self, name: NameId) {
        let survey = self.survey(name);
        let state = self.name_mut(name);
        let is_moved = state.has_default != survey.has_default;
        state.has_options = survey.options.len() > 1 || survey.has_disallowed;
        state.has_default = survey.has_default;
        state.is_triggered = survey.is_triggered;
        state.is_past_conditions = survey.is_past_conditions;
        if !survey.options.is_empty() {
            self.conclude(name, &survey.options);
        }
        let is_open = |dependant: &&NameId| {
            self.graph.is_reached(**dependant) && self.name(**dependant).decision.is_none()
        };
        let is_last = !self.graph.dependants(name).iter().any(|dependant| is_open(&dependant));
        self.name_mut(name).is_last = is_last;
        self.queue_undecided(name, is_moved);
    }

    fn survey(&mut self, name: NameId) -> Survey<'u> {
        let state = self.name_mut(name);
        let review_depends = std::mem::take(&mut state.has_new_depends);
        let review_conditions = std::mem::take(&mut state.has_new_conditions);
        let mut survey = Survey { is_past_conditions: true, ..Survey::default() };
        let graph = self.graph;
        for &provider in graph.providers(name) {
            let package = provider.package;
            self.package_mut(package).is_candidate = false;
            if review_depends && self.package(package).is_open {
                let depends = graph.depends(package);
                if !depends.iter().all(|link| self.can_be_met(package, link)) {
                    self.close(package);
                }
            }
            if !self.package(package).is_open {
                continue;
            }
            if review_conditions {
                self.check_conditions(package);
            }
            let is_demanded = self.name(name).demands > 0;
            let is_default = self.is_default(provider);
            let state = self.package_mut(package);
            survey.is_triggered |= state.is_triggered;
            survey.is_past_conditions &= state.is_past_conditions;
            survey.has_default |= state.is_triggered || (is_demanded && is_default);
            if is_demanded {
                state.is_candidate = true;
                survey.has_disallowed |= !state.is_allowed;
                survey.options.push(provider);
            }
        }
        survey
    }

    fn check_conditions(&mut self, package: PackageId) {
        let conditions = self.graph.conditions(package);
        let state = *self.package(package);
        if !state.is_triggered && !state.is_past_conditions {
            self.package_mut(package).is_triggered = true;
            for link in conditions {
                let is_decided = self.name(link.name).decision.is_some();
                if is_decided && self.is_met(Some(package), link) {
                    continue;
                }
                let state = self.package_mut(package);
                state.is_triggered = false;
                state.is_past_conditions = is_decided;
                if !is_decided && link.word.is_conflict {
                    // Somebody has to decide that nobody answers to it.
                    self.name_mut(link.name).is_awaited = true;
                    self.queue_undecided(link.name, false);
                }
                break;
            }
        }
        if self.package(package).is_triggered {
            for link in conditions {
                self.allow(package, self.source_of(link.name));
            }
        }
    }

    /// Follows what all options have in common.
    fn conclude(&mut self, name: NameId, options: &[Provider<'u>]) {
        for provider in self.graph.providers(name) {
            let state = self.package_mut(provider.package);
            state.is_option = state.is_candidate;
        }
        self.demand_common(options);
        let graph = self.graph;
        let calls =
            |provider: &Provider<'u>| graph.calls(provider.package).iter().map(|call| call.name);
        for other in self.common(options.iter().map(calls)) {
            if other != name {
                let is_virtual = options.iter().any(|&option| self.is_virtual(option, other));
                self.exclude_others(other, name, is_virtual);
            }
        }
    }

    fn demand_common(&mut self, options: &[Provider<'u>]) {
        let graph = self.graph;
        let needs = |provider: &Provider<'u>| {
            let needs = graph.depends(provider.package).iter();
            needs.filter(|link| !link.word.is_conflict).map(|link| link.name)
        };
        let common = self.common(options.iter().map(needs));
        let Some(first) = options.first().map(|option| option.package) else { return };
        for name in common {
            if options.len() == 1 {
                let is_it = |link: &&Link<'u>| link.name == name && !link.word.is_conflict;
                if let Some(link) = graph.depends(first).iter().find(is_it) {
                    self.demand(Source::Package(first), link);
                }
            } else if self.name(name).demands == 0 {
                self.count_demand(name);
                for provider in graph.providers(name) {
                    self.allow(provider.package, Source::Package(first));
                }
            }
        }
    }

    /// Returns the names that all lists have, in the order of the first.
    fn common(&mut self, lists: impl Iterator<Item = impl Iterator<Item = NameId>>) -> Vec<NameId> {
        let mut first = Vec::new();
        let mut count = 0;
        for list in lists {
            for name in list {
                let mark = &mut self.marks[name.index()];
                if *mark == count && count == 0 {
                    first.push(name);
                }
                if *mark == count {
                    *mark += 1;
                }
            }
            count += 1;
        }
        let mut common = first.clone();
        common.retain(|name| self.marks[name.index()] == count);
        for name in first {
            self.marks[name.index()] = 0;
        }
        common
    }

    /// Whether an option answers to `other` as one of several that may.
    fn is_virtual(&self, option: Provider<'u>, other: NameId) -> bool {
        let calls = self.graph.calls(option.package);
        let (own, provided) = calls.split_at(calls.len().min(1));
        // Its own name is only as certain as the name that it is an option for.
        let is_own = own.iter().any(|call| call.name == other);
        let is_plain = |call: &Call<'u>| call.name == other && call.version.is_none();
        (is_own && option.version.is_none()) || provided.iter().any(is_plain)
    }

    /// Whoever will be chosen for `name` answers to `other`, so that nobody else can.
    fn exclude_others(&mut self, other: NameId, name: NameId, is_virtual: bool) {
        let graph = self.graph;
        for provider in graph.providers(other) {
            let package = provider.package;
            let calls = graph.calls(package);
            let answers = calls.iter().any(|call| call.name == name);
            let is_spared = is_virtual
                && (provider.version.is_none() || calls.iter().any(|call| call.version.is_none()));
            if !answers && !is_spared {
                self.close(package);
            }
        }
    }
}
