//! Whether a package may be marked at all.

use super::{By, DEPTH_MAX, Mode, Walk};
use crate::family::deb::index::{MultiArch, PackageId};
use crate::family::deb::select::graph::{Group, Kind};

impl Walk<'_, '_> {
    /// Whether somebody may change what is to become of a package.
    pub(super) fn may_become(&self, package: PackageId, mode: Mode, by: By) -> bool {
        if self.depth > DEPTH_MAX {
            return false;
        }
        let state = self.state(package);
        if by == By::Request || state.mode == mode {
            return true;
        }
        let view = self.graph.universe.package(package);
        let is_precious = view.is_essential() || view.is_important();
        let would_lose = mode == Mode::Delete && is_precious;
        !(state.is_protected || would_lose)
    }

    /// Whether a `Multi-Arch: same` package has the version of its installed siblings.
    pub(super) fn is_in_step(&self, package: PackageId, by: By) -> bool {
        let view = self.graph.universe.package(package);
        let state = self.state(package);
        let is_settled = state.mode == Mode::Install || state.is_current;
        if by == By::Request || is_settled || view.multi_arch() != MultiArch::Same {
            return true;
        }
        self.graph.candidates_named(view.name()).all(|other| {
            let sibling = self.graph.universe.package(other);
            other == package
                || !self.state(other).is_current
                || sibling.multi_arch() != MultiArch::Same
                || sibling.version() == view.version()
        })
    }

    /// Whether each need has something that could meet it; otherwise the package is given up.
    pub(super) fn can_be_met(&mut self, package: PackageId) -> bool {
        let state = self.state(package);
        if state.is_current && state.has_candidate {
            return true;
        }
        let can_be_met = |group: &Group<'_>| {
            !matches!(group.kind, Kind::PreDepends | Kind::Depends)
                || group.targets().any(|target| {
                    let target = self.state(target);
                    target.is_in() || target.has_candidate
                })
        };
        if self.graph.links(package).iter().all(can_be_met) {
            return true;
        }
        let state = self.state_mut(package);
        if !state.is_protected {
            state.has_candidate = false;
            if state.mode == Mode::Install {
                state.mode = Mode::Keep;
            }
        }
        false
    }
}
