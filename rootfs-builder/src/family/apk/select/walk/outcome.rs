//! Gathers what was decided, as far as the request leads to it.
//!
//! Whoever is gathered first for a name is enough, even if another was decided upon for it: the
//! order is apk's.

use std::collections::BTreeSet;

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

/// What is gathered so far.
struct Gathering {
    chosen: BTreeSet<PackageId>,
    /// Whether a name needs nobody more.
    is_served: Vec<bool>,
    has_gap: bool,
    /// The packages whose dependencies are being gathered, each for the one before it.
    stack: Vec<Frame>,
}

/// A package, and how much of what it brings in is gathered.
struct Frame {
    package: PackageId,
    depends: usize,
    /// What its presence may trigger; listed after its dependencies.
    conditionals: Option<std::vec::IntoIter<NameId>>,
}

impl<'u> Walk<'_, 'u> {
    pub(super) fn outcome(&self, request: &[Wanted<'u>]) -> Outcome {
        let mut gathering = Gathering {
            chosen: BTreeSet::new(),
            is_served: vec![false; self.graph.len()],
            has_gap: false,
            stack: Vec::new(),
        };
        for wanted in request {
            self.gather_link(None, &wanted.link, &mut gathering);
            while let Some(frame) = gathering.stack.pop() {
                self.gather_next(frame, &mut gathering);
            }
        }
        let reached = self.graph.reached().map(|(package, _)| package);
        Outcome {
            chosen: gathering.chosen,
            is_whole: !gathering.has_gap && self.faults == 0,
            disallowed: reached.filter(|&package| !self.package(package).is_allowed).collect(),
        }
    }

    fn gather_link(&self, owner: Option<PackageId>, link: &Link<'u>, gathering: &mut Gathering) {
        gathering.has_gap |= !self.is_met(owner, link);
        self.gather(link.name, gathering);
    }

    fn gather(&self, name: NameId, gathering: &mut Gathering) {
        if std::mem::replace(&mut gathering.is_served[name.index()], true) {
            return;
        }
        let Some(chosen) = self.name(name).decision.flatten() else { return };
        let package = chosen.package;
        if gathering.chosen.insert(package) {
            for call in self.graph.calls(package) {
                gathering.is_served[call.name.index()] = true;
            }
            gathering.stack.push(Frame { package, depends: 0, conditionals: None });
        }
    }

    /// Gathers the next thing that a package brings in, and comes back to it unless that was all.
    fn gather_next(&self, mut frame: Frame, gathering: &mut Gathering) {
        let package = frame.package;
        if let Some(link) = self.graph.depends(package).get(frame.depends) {
            frame.depends += 1;
            gathering.stack.push(frame);
            self.gather_link(Some(package), link, gathering);
            return;
        }
        let conditionals = frame.conditionals.get_or_insert_with(|| {
            let calls = self.graph.calls(package).iter();
            let names = calls.flat_map(|call| self.graph.conditionals(call.name)).copied();
            names.collect::<Vec<_>>().into_iter()
        });
        if let Some(name) = conditionals.next() {
            gathering.stack.push(frame);
            if self.is_triggered_by(name, gathering) {
                self.gather(name, gathering);
            }
        }
    }

    /// Whether who answers to a name is there because its conditions are met.
    fn is_triggered_by(&self, name: NameId, gathering: &Gathering) -> bool {
        let Some(chosen) = self.name(name).decision.flatten() else { return false };
        let mut conditions = self.graph.conditions(chosen.package).iter();
        conditions.all(|link| {
            let is_served = link.word.is_conflict || gathering.is_served[link.name.index()];
            is_served && self.is_met(Some(chosen.package), link)
        })
    }
}
