//! Marking a package, and installing one with what it needs.

use super::{By, Mode, Walk};
use crate::family::deb::index::PackageId;
use crate::family::deb::select::graph::Group;

/// What marking comes to before anything is changed.
enum Start {
    Refused,
    /// The package is as it should be.
    Done,
    Go,
}

impl Walk<'_, '_> {
    /// Takes a package without looking at what it needs.
    pub(super) fn mark(&mut self, package: PackageId, by: By) -> bool {
        match self.start(package, by) {
            Start::Refused => false,
            Start::Done => true,
            Start::Go if !self.is_in_step(package, by) => false,
            Start::Go => {
                self.take(package, by);
                true
            }
        }
    }

    /// Takes a package with everything that it needs; tells whether that worked out.
    pub(super) fn install(&mut self, package: PackageId, by: By) -> bool {
        match self.start(package, by) {
            Start::Refused => return false,
            Start::Done => return true,
            Start::Go => {}
        }
        if !self.is_in_step(package, by) || !self.can_be_met(package) {
            self.has_failed = true;
            return false;
        }
        self.depth += 1;
        let is_whole = self.install_whole(package, by);
        self.depth -= 1;
        self.has_failed |= !is_whole;
        is_whole
    }

    fn install_whole(&mut self, package: PackageId, by: By) -> bool {
        let was_protected = self.state(package).is_protected;
        // What the request insists on is carried on with, so that all that is wrong comes to light.
        let insists = was_protected || by == By::Request;
        if by == By::Request {
            self.take(package, by);
        }
        let (wanted, refused) = self.open_groups(package);
        let mut removals = Vec::new();
        let mut is_whole = self.make_room(package, &refused, by, &mut removals);
        if !is_whole && !insists {
            return false;
        }
        if by == By::Dependency {
            self.take(package, by);
        }
        self.state_mut(package).is_protected = true;
        let has_needs = self.install_needs(package, &wanted, was_protected, by);
        if !has_needs && !insists {
            self.put_back(package);
            self.state_mut(package).is_protected = was_protected;
            return false;
        }
        is_whole &= has_needs;
        for removal in removals {
            if !self.delete(removal) {
                is_whole = false;
                if !insists {
                    self.put_back(package);
                    break;
                }
            }
        }
        self.state_mut(package).is_protected = was_protected;
        is_whole
    }

    fn start(&mut self, package: PackageId, by: By) -> Start {
        let state = self.state(package);
        let is_settled = state.is_protected
            && state.mode == Mode::Keep
            && state.is_current
            && state.has_candidate;
        if !is_settled && !self.may_become(package, Mode::Install, by) {
            return Start::Refused;
        }
        if !state.has_candidate {
            return Start::Refused;
        }
        if state.is_protected || self.is_broken(package) {
            return Start::Go;
        }
        match state.mode {
            Mode::Delete if state.is_current => {
                if self.keep(package, by) {
                    Start::Done
                } else {
                    Start::Refused
                }
            }
            Mode::Keep if state.is_current => Start::Done,
            Mode::Install => Start::Done,
            Mode::Keep | Mode::Delete => Start::Go,
        }
    }

    fn take(&mut self, package: PackageId, by: By) {
        let state = self.state_mut(package);
        let is_settled = state.is_in() && state.has_candidate;
        if state.is_protected && is_settled {
            return;
        }
        state.mode = if state.is_current { Mode::Keep } else { Mode::Install };
        state.is_automatic = match by {
            By::Request => false,
            By::Dependency => state.is_automatic || !state.is_current,
        };
    }

    /// Forgets that a package was to be installed, and does not try again.
    fn put_back(&mut self, package: PackageId) {
        let state = self.state_mut(package);
        state.mode = Mode::Keep;
        state.has_candidate = state.is_current;
    }

    /// Returns which of a package's needs and refusals ask for something to be done.
    fn open_groups(&self, package: PackageId) -> (Vec<usize>, Vec<usize>) {
        let is_protected = self.state(package).is_protected;
        let links = self.graph.links(package);
        let open = links
            .iter()
            .enumerate()
            .filter(|(_, group)| self.matters(group.kind) && (is_protected || !self.holds(group)));
        let (refused, wanted): (Vec<_>, Vec<_>) =
            open.map(|(number, group)| (number, group.kind.is_negative())).partition(|open| open.1);
        let numbers = |groups: Vec<(usize, bool)>| groups.into_iter().map(|open| open.0).collect();
        (numbers(wanted), numbers(refused))
    }

    fn install_needs(
        &mut self,
        package: PackageId,
        wanted: &[usize],
        is_protected: bool,
        by: By,
    ) -> bool {
        let links = self.graph.links(package);
        let mut is_whole = true;
        for &number in wanted {
            let group = &links[number];
            let is_met = match self.holds(group) {
                true if is_protected => self.protect_only_solution(group),
                true => true,
                false => self.install_one(package, group, is_protected),
            };
            if !is_met && group.kind.is_critical() {
                is_whole = false;
                if !is_protected && by == By::Dependency {
                    break;
                }
            }
        }
        is_whole
    }

    /// What alone can meet a protected package's need is protected as well.
    fn protect_only_solution(&mut self, group: &Group<'_>) -> bool {
        if !group.kind.is_critical() {
            return true;
        }
        let mut solutions: Vec<_> = group
            .targets()
            .filter(|&target| self.state(target).has_candidate || self.state(target).is_current)
            .filter(|&target| !self.state(target).is_ruled_out())
            .collect();
        solutions.sort_unstable();
        solutions.dedup();
        let [only] = solutions[..] else { return true };
        if self.state(only).is_protected {
            return true;
        }
        self.state_mut(only).is_protected = true;
        self.install(only, By::Dependency)
    }

    fn install_one(&mut self, package: PackageId, group: &Group<'_>, is_protected: bool) -> bool {
        if self.state(package).is_current && !group.kind.is_critical() {
            // A recommendation that an earlier stage did without is done without again.
            return true;
        }
        let solutions = self.solutions(group);
        let is_forced = is_protected && group.kind.is_critical() && solutions.len() == 1;
        for solution in solutions {
            if !self.state(solution).has_candidate {
                continue;
            }
            if is_forced {
                if !self.mark(solution, By::Dependency) {
                    continue;
                }
                self.state_mut(solution).is_protected = true;
            }
            if self.install(solution, By::Dependency) {
                return true;
            }
        }
        false
    }
}
