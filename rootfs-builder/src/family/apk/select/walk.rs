//! Decides name by name who answers to it, as apk does.
//!
//! What is demanded narrows what can still be chosen; once nothing more follows, the name that is
//! decided next gets the provider that is preferred. No decision is ever taken back: where that
//! leads into a dead end, [`super::arbiter`] has the last word.

mod demand;
mod narrow;
mod outcome;
mod prefer;
mod queue;
mod settle;

use super::graph::{Graph, Link, NameId, Provider};
use super::tags::Tags;
use crate::family::apk::index::PackageId;
use queue::Queues;

pub(super) use outcome::Outcome;
pub(super) use prefer::compare_offers;

/// One word of the request.
#[derive(Debug, Clone, Copy)]
pub(super) struct Wanted<'u> {
    pub link: Link<'u>,
    /// The repositories that it may come from.
    pub tags: Tags,
}

/// What is known about a name.
#[derive(Debug, Clone, Copy, Default)]
struct NameState<'u> {
    /// How many words ask for it.
    demands: u32,
    /// Who answers to it, once that is decided; perhaps nobody.
    decision: Option<Option<Provider<'u>>>,
    /// Whether what its packages depend on, or have as conditions, has changed.
    has_new_depends: bool,
    has_new_conditions: bool,
    /// Whether more than one package, or one that is not allowed yet, can be chosen.
    has_options: bool,
    /// Whether a package can be chosen without being asked for by its own name.
    has_default: bool,
    /// Whether a package's conditions are all met.
    is_triggered: bool,
    /// Whether no package can be installed by itself any more.
    is_past_conditions: bool,
    /// Whether a condition waits for nobody answering to it.
    is_awaited: bool,
    /// Whether everything that depends on it is decided.
    is_last: bool,
}

/// What is known about a package.
#[derive(Debug, Clone, Copy)]
struct PackageState {
    /// Whether nothing that is known speaks against it.
    is_open: bool,
    /// Whether its conditions are all met; or one cannot be.
    is_triggered: bool,
    is_past_conditions: bool,
    /// The tags by which it is allowed, besides those that it is empty for.
    tags: Tags,
    is_allowed: bool,
    is_preferred: bool,
    /// Whether it is an option for the name that is narrowed.
    is_candidate: bool,
    /// Whether it was an option when a name with any was last narrowed.
    is_option: bool,
    /// How many words exclude it.
    exclusions: u32,
    is_faulty: bool,
}

/// Whose word it is.
#[derive(Debug, Clone, Copy)]
enum Source {
    Request(Tags),
    Package(PackageId),
}

/// All decisions so far.
pub(super) struct Walk<'g, 'u> {
    graph: &'g Graph<'u>,
    names: Vec<NameState<'u>>,
    packages: Vec<PackageState>,
    queues: Queues,
    faults: usize,
    /// How many options had a name, while a name is narrowed; otherwise zero.
    marks: Vec<u32>,
}

impl<'g, 'u> Walk<'g, 'u> {
    pub fn new(graph: &'g Graph<'u>) -> Self {
        let mut walk = Self {
            graph,
            names: vec![NameState::default(); graph.len()],
            packages: vec![PackageState::UNKNOWN; graph.universe.len()],
            queues: Queues::new(graph.len()),
            faults: 0,
            marks: vec![0; graph.len()],
        };
        for (package, node) in graph.reached() {
            let state = walk.package_mut(package);
            state.is_open = node.is_legible;
            state.is_preferred = node.is_empty || node.tags.meets(Tags::UNTAGGED);
            state.is_allowed = state.is_preferred;
            state.is_past_conditions = graph.conditions(package).is_empty();
        }
        for name in graph.reached_names() {
            let mut providers = graph.providers(name).iter();
            let is_past = providers.all(|one| walk.package(one.package).is_past_conditions);
            walk.name_mut(name).is_past_conditions = is_past;
        }
        walk
    }

    /// Decides everything that the request leads to.
    pub fn run(mut self, request: &[Wanted<'u>]) -> Outcome {
        for wanted in request {
            self.demand(Source::Request(wanted.tags), &wanted.link);
        }
        loop {
            if let Some(name) = self.queues.next_changed() {
                self.narrow(name);
            } else if let Some(name) = self.queues.next_undecided() {
                self.settle(name);
            } else {
                return self.outcome(request);
            }
        }
    }

    fn name(&self, name: NameId) -> &NameState<'u> {
        &self.names[name.index()]
    }

    fn name_mut(&mut self, name: NameId) -> &mut NameState<'u> {
        &mut self.names[name.index()]
    }

    fn package(&self, package: PackageId) -> &PackageState {
        &self.packages[package.0 as usize]
    }

    fn package_mut(&mut self, package: PackageId) -> &mut PackageState {
        &mut self.packages[package.0 as usize]
    }

    /// Whether who answers to the name, if anyone, is what the word asks for.
    fn is_met(&self, owner: Option<PackageId>, link: &Link<'u>) -> bool {
        match self.name(link.name).decision.flatten() {
            Some(provider) => self.graph.fits(owner, &link.word, provider),
            None => link.word.is_conflict,
        }
    }

    /// Whether a package may be chosen for a name that it answers to without being named.
    fn is_default(&self, provider: Provider<'u>) -> bool {
        let Some(node) = self.graph.node(provider.package) else { return false };
        provider.version.is_some() || node.priority > 0 || self.name(node.name).demands > 0
    }

    fn fault(&mut self, package: PackageId) {
        if !std::mem::replace(&mut self.package_mut(package).is_faulty, true) {
            self.faults += 1;
        }
    }
}

impl PackageState {
    const UNKNOWN: Self = Self {
        is_open: false,
        is_triggered: false,
        is_past_conditions: true,
        tags: Tags::UNTAGGED,
        is_allowed: false,
        is_preferred: false,
        is_candidate: false,
        is_option: false,
        exclusions: 0,
        is_faulty: false,
    };
}
