//! Lets the solver judge what the walk chose.

mod catalogue;
mod ground;

use std::collections::BTreeSet;

use super::SelectError;
use super::graph::Graph;
use super::walk::{Outcome, Wanted};
use crate::family::apk::index::PackageId;
use catalogue::Packages;
use ground::Gap;

/// A search that is still in vain after so many rounds is given up.
const ROUNDS_MAX: usize = 64;

/// Returns what the walk chose if it is sound; otherwise the closest sound set.
pub(super) fn judge(
    graph: &Graph<'_>,
    wanted: &[Wanted<'_>],
    outcome: &Outcome,
) -> Result<BTreeSet<PackageId>, SelectError> {
    let mut packages = Packages::new(graph, wanted, outcome);
    if outcome.is_whole
        && packages.meets_request(&outcome.chosen)
        && solver::is_sound(&packages, &outcome.chosen)
    {
        return Ok(outcome.chosen.clone());
    }
    let chosen = solve(&mut packages, &[])?;
    Ok(add_conditional(&mut packages, chosen))
}

/// Chooses a set in which nothing is there only because one of several had to be.
fn solve(
    packages: &mut Packages<'_, '_>,
    besides: &[PackageId],
) -> Result<BTreeSet<PackageId>, SelectError> {
    packages.barred.clear();
    let mut first_gap: Option<Gap> = None;
    for _ in 0..ROUNDS_MAX {
        let request = solver::Request { needs: packages.request(besides), wishes: vec![] };
        let chosen = match solver::solve(packages, &request) {
            Ok(chosen) => chosen,
            Err(explanation) if first_gap.is_none() => {
                return Err(SelectError::Unsolvable(explanation));
            }
            Err(_) => break,
        };
        let grounded = packages.grounded(&chosen, besides);
        let Some(gap) = packages.gap(&grounded) else { return Ok(grounded) };
        packages.barred.extend(chosen.difference(&grounded));
        first_gap.get_or_insert(gap);
    }
    let errors = first_gap.map(|gap| packages.virtual_error(gap));
    Err(SelectError::Names(errors.into_iter().collect()))
}

/// Adds what is installed as soon as the rest is, as far as that can be had together.
fn add_conditional(
    packages: &mut Packages<'_, '_>,
    mut chosen: BTreeSet<PackageId>,
) -> BTreeSet<PackageId> {
    let mut added: Vec<PackageId> = Vec::new();
    let mut tried = BTreeSet::new();
    loop {
        let ready = packages.triggered(&chosen);
        let ready: Vec<_> = ready.into_iter().filter(|package| tried.insert(*package)).collect();
        if ready.is_empty() {
            return chosen;
        }
        let together: Vec<_> = added.iter().chain(&ready).copied().collect();
        if let Ok(larger) = solve(packages, &together) {
            (chosen, added) = (larger, together);
            continue;
        }
        for package in ready {
            added.push(package);
            match solve(packages, &added) {
                Ok(larger) => chosen = larger,
                Err(_) => drop(added.pop()),
            }
        }
    }
}
