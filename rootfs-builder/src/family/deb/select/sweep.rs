//! Finds what a vain attempt left behind.

use std::collections::BTreeSet;

use super::graph::{Graph, Group, Kind};
use crate::family::deb::index::PackageId;

/// Returns the packages that something kept leads to, by whatever kind of dependency.
pub(super) fn reachable(
    graph: &Graph<'_>,
    chosen: &BTreeSet<PackageId>,
    is_kept: impl Fn(PackageId) -> bool,
) -> BTreeSet<PackageId> {
    let mut waiting: Vec<_> = chosen.iter().copied().filter(|&package| is_kept(package)).collect();
    let mut reached: BTreeSet<_> = waiting.iter().copied().collect();
    while let Some(package) = waiting.pop() {
        let mut follow = |group: &Group<'_>| {
            for target in group.targets() {
                if chosen.contains(&target) && reached.insert(target) {
                    waiting.push(target);
                }
            }
        };
        let links = graph.links(package);
        let leads_on = |group: &&Group<'_>| match group.kind {
            Kind::PreDepends | Kind::Depends | Kind::Recommends | Kind::Suggests => true,
            Kind::Conflicts | Kind::Breaks => false,
        };
        links.iter().filter(leads_on).for_each(&mut follow);
        graph.suggestions(package).iter().for_each(&mut follow);
    }
    reached
}
