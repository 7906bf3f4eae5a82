//! Gathers what was decided.

use std::collections::{BTreeSet, VecDeque};

use super::{PackageId, Walk, Wanted};
use crate::family::apk::select::graph::{Link, NameId};

/// What a walk came to.
#[derive(Debug)]
pub(in crate::family::apk::select) struct Outcome {
    /// What the request leads to.
    pub chosen: BTreeSet<PackageId>,
    /// Whether every word is met, as far as the walk could see.
    pub is_whole: bool,
    /// The packages that no repository may give here.
    pub disallowed: BTreeSet<PackageId>,
}

/// The names gone through so far, and those still to be gone through.
#[derive(Default)]
struct Gathering {
    chosen: BTreeSet<PackageId>,
    seen: BTreeSet<NameId>,
    waiting: VecDeque<NameId>,
    has_gap: bool,
}

impl<'u> Walk<'_, 'u> {
    pub(super) fn outcome(&self, request: &[Wanted<'u>]) -> Outcome {
        let mut gathering = Gathering::default();
        for wanted in request {
            self.gather(None, &wanted.link, &mut gathering);
        }
        while let Some(name) = gathering.waiting.pop_front() {
            let Some(chosen) = self.name(name).decision.flatten() else { continue };
            if !gathering.chosen.insert(chosen.package) {
                continue;
            }
            gathering.seen.extend(self.graph.calls(chosen.package).iter().map(|call| call.name));
            for link in self.graph.depends(chosen.package) {
                self.gather(Some(chosen.package), link, &mut gathering);
            }
            self.gather_conditionals(chosen.package, &mut gathering);
        }
        let reached = self.graph.reached().map(|(package, _)| package);
        Outcome {
            chosen: gathering.chosen,
            is_whole: !gathering.has_gap && self.faults == 0,
            disallowed: reached.filter(|&package| !self.package(package).is_allowed).collect(),
        }
    }

    fn gather(&self, owner: Option<PackageId>, link: &Link<'u>, gathering: &mut Gathering) {
        gathering.has_gap |= !self.is_met(owner, link);
        gathering.seen.insert(link.name);
        gathering.waiting.push_back(link.name);
    }

    fn gather_conditionals(&self, package: PackageId, gathering: &mut Gathering) {
        let names = self.graph.calls(package).iter();
        for &name in names.flat_map(|call| self.graph.conditionals(call.name)) {
            let Some(chosen) = self.name(name).decision.flatten() else { continue };
            let mut conditions = self.graph.conditions(chosen.package).iter();
            let holds = conditions.all(|link| {
                (link.word.is_conflict || gathering.seen.contains(&link.name))
                    && self.is_met(Some(chosen.package), link)
            });
            if holds {
                gathering.waiting.push_back(name);
            }
        }
    }
}
