//! Walks the dependencies as apt does, and so arrives at what apt would install.
//!
//! The rules are those of apt's classic resolver: what is asked for is protected; a dependency that
//! something chosen already meets asks for nothing; otherwise its alternatives are tried in order,
//! each with everything that it needs in turn; whatever a package conflicts with is put back first.

mod checks;
mod room;
mod steps;

use std::collections::BTreeSet;

use super::graph::{Graph, Group, Kind};
use super::rank::{self, Mentions};
use super::sweep;
use super::wanted::Wanted;
use crate::family::deb::index::PackageId;

/// Apt goes no deeper.
const DEPTH_MAX: usize = 3_000;

/// What is to become of a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// It stays as it is: installed if it is, absent if not.
    Keep,
    Install,
    Delete,
}

/// What the walk knows about one package.
#[derive(Debug, Clone, Copy)]
pub(super) struct State {
    pub mode: Mode,
    /// An earlier stage installed it.
    pub is_current: bool,
    /// It can be installed, as far as is known.
    pub has_candidate: bool,
    /// Its mode was decided by the request, or follows from it without choice.
    pub is_protected: bool,
    /// Only dependencies brought it in.
    pub is_automatic: bool,
}

impl State {
    const UNTOUCHED: Self = Self {
        mode: Mode::Keep,
        is_current: false,
        has_candidate: true,
        is_protected: false,
        is_automatic: false,
    };

    /// Whether the package is there when all is done.
    pub fn is_in(self) -> bool {
        match self.mode {
            Mode::Keep => self.is_current,
            Mode::Install => true,
            Mode::Delete => false,
        }
    }

    /// Whether it is settled that the package will not be there.
    fn is_ruled_out(self) -> bool {
        self.is_protected && !self.is_in()
    }
}

/// Who wants a package.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Request,
    Dependency,
}

/// The walk with everything that it has decided so far.
pub(super) struct Walk<'w, 'u> {
    graph: &'w Graph<'u>,
    states: Vec<State>,
    mentions: Mentions,
    recommends: bool,
    depth: usize,
    /// Whether some package was tried in vain, and may have left others behind.
    has_failed: bool,
}

impl<'w, 'u> Walk<'w, 'u> {
    pub fn new(graph: &'w Graph<'u>, recommends: bool) -> Self {
        let states = vec![State::UNTOUCHED; graph.universe.len()];
        let mentions = Mentions::default();
        Self { graph, states, mentions, recommends, depth: 0, has_failed: false }
    }

    /// Installs what one stage wants, and returns everything that is there then.
    pub fn run(&mut self, wanted: &Wanted) -> BTreeSet<PackageId> {
        self.has_failed = false;
        for &package in &wanted.unwanted {
            self.avoid(package);
        }
        for &package in &wanted.packages {
            self.state_mut(package).is_protected = true;
            self.mark(package, By::Request);
        }
        for &package in &wanted.packages {
            self.install(package, By::Request);
        }
        let chosen = self.chosen();
        if !self.has_failed {
            return chosen;
        }
        let is_kept = |package: PackageId| {
            let state = self.state(package);
            let view = self.graph.universe.package(package);
            state.is_current || !state.is_automatic || view.is_essential() || view.is_important()
        };
        sweep::reachable(self.graph, &chosen, is_kept)
    }

    /// Starts the next stage from the packages that the last one left installed.
    pub fn settle(&mut self, installed: &BTreeSet<PackageId>) {
        self.states.fill(State::UNTOUCHED);
        for &package in installed {
            self.state_mut(package).is_current = true;
        }
    }

    fn chosen(&self) -> BTreeSet<PackageId> {
        let numbers = (0..).map(PackageId).zip(&self.states);
        numbers.filter(|(_, state)| state.is_in()).map(|(package, _)| package).collect()
    }

    fn state(&self, package: PackageId) -> State {
        self.states[package.0 as usize]
    }

    fn state_mut(&mut self, package: PackageId) -> &mut State {
        &mut self.states[package.0 as usize]
    }

    fn avoid(&mut self, package: PackageId) {
        let state = self.state_mut(package);
        state.mode = if state.is_current { Mode::Delete } else { Mode::Keep };
        state.is_protected = true;
    }

    /// Whether what is there meets the group; a refusal is met by nothing being there.
    fn holds(&self, group: &Group<'_>) -> bool {
        let mut targets = group.targets();
        group.kind.is_negative() != targets.any(|target| self.state(target).is_in())
    }

    /// Whether the group has to be cared for at all.
    fn matters(&self, kind: Kind) -> bool {
        match kind {
            Kind::PreDepends | Kind::Depends | Kind::Conflicts | Kind::Breaks => true,
            Kind::Recommends => self.recommends,
            Kind::Suggests => false,
        }
    }

    /// Whether the package is there without everything that it needs.
    fn is_broken(&self, package: PackageId) -> bool {
        let is_missing = |group: &Group<'_>| self.matters(group.kind) && !self.holds(group);
        self.state(package).is_in() && self.graph.links(package).iter().any(is_missing)
    }

    /// The candidates that meet a group, the preferred one first; what is installed precedes what
    /// is not.
    fn solutions(&self, group: &Group<'_>) -> Vec<PackageId> {
        let mut solutions = Vec::new();
        for alternative in &group.alternatives {
            let mut targets = self.candidates(&alternative.targets);
            targets.sort_by(|&left, &right| {
                let name = alternative.relation.name;
                rank::compare(self.graph, &self.states, &self.mentions, name, (left, right))
            });
            solutions.extend(targets);
        }
        solutions.sort_by_key(|&package| !self.state(package).is_current);
        solutions.dedup();
        solutions.retain(|&package| !self.state(package).is_ruled_out());
        solutions
    }

    fn candidates(&self, targets: &[PackageId]) -> Vec<PackageId> {
        targets.iter().copied().filter(|&target| self.state(target).has_candidate).collect()
    }
}
