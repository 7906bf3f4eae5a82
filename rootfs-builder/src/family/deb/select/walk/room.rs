//! Putting back and removing what a package cannot be installed together with.

use super::{By, Mode, Walk};
use crate::family::deb::index::PackageId;
use crate::family::deb::select::graph::Group;

impl Walk<'_, '_> {
    /// Makes room for a package; what is installed and must go is added to `removals`.
    pub(super) fn make_room(
        &mut self,
        package: PackageId,
        refused: &[usize],
        by: By,
        removals: &mut Vec<PackageId>,
    ) -> bool {
        let insists = self.state(package).is_protected;
        let links = self.graph.links(package);
        let mut is_free = true;
        for &number in refused {
            is_free &= self.clear(&links[number], insists, removals);
            if !is_free && !insists && by == By::Dependency {
                break;
            }
        }
        is_free
    }

    fn clear(&mut self, group: &Group<'_>, insists: bool, removals: &mut Vec<PackageId>) -> bool {
        let mut is_free = true;
        for target in group.targets() {
            let state = self.state(target);
            is_free &= if state.is_current {
                self.clear_installed(target, insists, removals)
            } else if !state.has_candidate {
                true
            } else if state.mode == Mode::Install && !self.keep(target, By::Dependency) {
                false
            } else {
                if insists {
                    self.give_up(target);
                }
                true
            };
        }
        is_free
    }

    fn clear_installed(
        &mut self,
        target: PackageId,
        insists: bool,
        removals: &mut Vec<PackageId>,
    ) -> bool {
        if self.state(target).mode == Mode::Delete {
            return true;
        }
        if !insists {
            let may_go = self.may_become(target, Mode::Delete, By::Dependency);
            if may_go {
                removals.push(target);
            }
            return may_go;
        }
        let is_gone = self.delete(target);
        if is_gone {
            self.give_up(target);
        }
        is_gone
    }

    /// Makes sure that a package that is not there never will be.
    fn give_up(&mut self, package: PackageId) {
        let state = self.state_mut(package);
        state.has_candidate = state.is_in();
        state.is_protected = true;
    }

    /// Leaves a package as it was before this stage.
    pub(super) fn keep(&mut self, package: PackageId, by: By) -> bool {
        let may_be = self.may_become(package, Mode::Keep, by);
        if may_be {
            self.state_mut(package).mode = Mode::Keep;
        }
        may_be
    }

    pub(super) fn delete(&mut self, package: PackageId) -> bool {
        if !self.may_become(package, Mode::Delete, By::Dependency) {
            return false;
        }
        let state = self.state_mut(package);
        if !state.is_in() {
            return true;
        }
        if !state.is_current && !state.is_automatic {
            // What was asked for in this stage is not removed for something else.
            return false;
        }
        state.mode = if state.is_current { Mode::Delete } else { Mode::Keep };
        true
    }
}
